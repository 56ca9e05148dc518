# SPDX-License-Identifier: MIT
module := tests/boot/memory
kind := program
name := test_memory
sources := far_test.c lifetime_test.c mapping_test.c
uses := lib/pith tests/boot
