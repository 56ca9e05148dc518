# SPDX-License-Identifier: MIT
module := tests/boot/cores
kind := program
name := test_cores
sources := call_test.c crew.c cut_test.c foreign_test.c fpu_test.c interrupt_test.c letters_test.c memory_test.c reply_test.c signal_test.c space_test.c storm_test.c thread_test.c tree_test.c
uses := lib/pith tests/boot
fpu := yes
