# SPDX-License-Identifier: MIT
module := tests/boot/userlib
kind := program
name := test_userlib
sources := main.c memory_test.c threads_test.c programs_test.c
uses := abi lib/pith lib/ring
