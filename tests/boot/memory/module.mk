# SPDX-License-Identifier: MIT
module := tests/boot/memory
kind := program
name := test_memory
sources := lifetime_test.c mapping_test.c
uses := lib/pith tests/boot
