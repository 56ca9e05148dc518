# SPDX-License-Identifier: MIT
module := servers/net
kind := program
name := net
sources := main.c random.c netif.c
uses := abi lib/link lib/lwip lib/pith lib/random lib/service servers/net/core
cflags := -mrdrnd
