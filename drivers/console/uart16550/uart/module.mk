# SPDX-License-Identifier: MIT
module := drivers/console/uart16550/uart
kind := lib
sources := uart.c
uses := abi
tests := test/uart_test.c
