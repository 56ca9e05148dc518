# SPDX-License-Identifier: MIT
module := tests/boot/ways
kind := program
name := test_ways
sources := ways_test.c
uses := lib/pith tests/boot
