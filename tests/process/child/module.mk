# SPDX-License-Identifier: MIT
module := tests/process/child
kind := program
name := process_child
libc := musl
sources := main.c
