# SPDX-License-Identifier: MIT
module := tests/boot/framebuffer
kind := program
name := test_framebuffer
sources := framebuffer_test.c
uses := lib/pith tests/boot
