# SPDX-License-Identifier: MIT
module := tests/boot/foreign
kind := program
name := test_foreign
sources := calls_test.c faults_test.c frame_test.c signal_test.c
uses := lib/pith tests/boot
