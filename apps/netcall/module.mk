# SPDX-License-Identifier: MIT
module := apps/netcall
kind := program
name := netcall
sources := main.c
uses := abi lib/pith lib/service lib/socket
