# SPDX-License-Identifier: MIT
module := servers/tmpfs
kind := program
sources := src/main.c src/change.c src/look.c
uses := abi lib/file lib/fileserve lib/pith lib/service lib/tmpfs
