# SPDX-License-Identifier: MIT
module := tests/libc/files
kind := program
name := file_calls
libc := musl
sources := main.c
# For the types in directory entries.
cflags := -D_DEFAULT_SOURCE
