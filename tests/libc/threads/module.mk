# SPDX-License-Identifier: MIT
module := tests/libc/threads
kind := program
name := thread_calls
libc := musl
sources := main.c end.c
