# SPDX-License-Identifier: MIT
module := tests/mapper
kind := program
name := mapper
sources := main.c hold.c refuse.c lend.c revoke.c storm.c
uses := abi lib/file lib/pith lib/ring lib/service lib/system
