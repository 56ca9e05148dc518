# SPDX-License-Identifier: MIT
module := tests/libc/files
kind := program
name := file_calls
libc := musl
sources := main.c
