# SPDX-License-Identifier: MIT
module := tests/boot/faults
kind := program
name := test_faults
sources := faults_test.c stubs.S
uses := lib/pith tests/boot
fpu := by_hand
