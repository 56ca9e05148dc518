# SPDX-License-Identifier: MIT
module := tests/fuzz/multiboot
kind := host_program
name := multiboot_fuzz
sources := multiboot_fuzz.c
uses := kernel/core tests/host
test_args := --runs 60000
