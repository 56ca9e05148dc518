# SPDX-License-Identifier: MIT
module := tests/libc/sockets
kind := program
name := socket_calls
libc := musl
sources := main.c
