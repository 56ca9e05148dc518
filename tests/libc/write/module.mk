# SPDX-License-Identifier: MIT
module := tests/libc/write
kind := program
name := write_calls
libc := musl
sources := main.c
