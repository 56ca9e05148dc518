# SPDX-License-Identifier: MIT
module := apps/resolve
kind := program
libc := musl
sources := main.c
