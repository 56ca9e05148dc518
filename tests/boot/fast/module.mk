# SPDX-License-Identifier: MIT
module := tests/boot/fast
kind := program
name := test_fast
sources := actor.S alone_test.c cast.c fast_test.c plan.c
uses := abi lib/pith tests/boot
fpu := by_hand
