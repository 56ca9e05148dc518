# SPDX-License-Identifier: MIT
module := tests/boot/preempt
kind := program
name := test_preempt
sources := attacks_test.c preempt_test.c registers.S
uses := lib/pith tests/boot
