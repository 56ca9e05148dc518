# SPDX-License-Identifier: MIT
module := tests/boot/preempt
kind := program
name := test_preempt
sources := aim.c attacks_test.c length_test.c points_ipc_test.c points_test.c preempt_test.c registers.S
uses := abi lib/pith tests/boot
fpu := by_hand
