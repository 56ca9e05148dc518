# SPDX-License-Identifier: MIT
module := tests/boot/isolation
kind := program
name := test_isolation
sources := isolation_test.c privileged.S
uses := lib/pith tests/boot
