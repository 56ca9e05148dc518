# SPDX-License-Identifier: MIT
module := tests/boot/apart
kind := program
name := test_apart
sources := apart_test.c
uses := bench/marks lib/pith tests/boot
