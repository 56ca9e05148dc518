# SPDX-License-Identifier: MIT
module := servers/names
kind := program
sources := main.c
uses := abi lib/pith lib/service lib/system
