# SPDX-License-Identifier: MIT
module := tests/boot/libc
kind := program
name := test_libc
sources := main.c
uses := lib/pith
