# SPDX-License-Identifier: MIT
module := apps/console
kind := program
sources := main.c line.c commands.c
uses := abi lib/pith lib/system
