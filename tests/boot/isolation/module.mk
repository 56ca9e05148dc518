# SPDX-License-Identifier: MIT
module := tests/boot/isolation
kind := program
name := test_isolation
sources := entry.S entry_test.c isolation_test.c privileged.S
uses := lib/pith tests/boot
