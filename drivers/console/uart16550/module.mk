# SPDX-License-Identifier: MIT
module := drivers/console/uart16550
kind := program
name := uart16550
sources := main.c
uses := abi drivers/console/uart16550/uart lib/driver lib/pith lib/service lib/terminal
