# SPDX-License-Identifier: MIT
module := tests/boot/libc/calls
kind := program
name := libc_calls
libc := musl
sources := main.c
