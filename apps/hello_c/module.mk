# SPDX-License-Identifier: MIT
module := apps/hello_c
kind := program
libc := musl
sources := main.c
