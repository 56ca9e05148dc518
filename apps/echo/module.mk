# SPDX-License-Identifier: MIT
module := apps/echo
kind := program
name := echo_net
sources := main.c
uses := abi lib/pith lib/service lib/socket
