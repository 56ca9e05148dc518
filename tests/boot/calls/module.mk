# SPDX-License-Identifier: MIT
module := tests/boot/calls
kind := program
name := test_calls
sources := cap_table_test.c device_test.c io_space_test.c memory_test.c message_test.c methods_test.c report.c \
           thread_test.c untyped_test.c wait_test.c
uses := abi lib/pith tests/boot
