# SPDX-License-Identifier: MIT
module := tests/boot/devices
kind := program
name := test_devices
sources := interrupt_test.c
uses := lib/pith tests/boot
