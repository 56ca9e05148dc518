# SPDX-License-Identifier: MIT
module := tests/liar
kind := program
name := net_liar
sources := main.c
uses := abi lib/pith lib/service lib/socket
