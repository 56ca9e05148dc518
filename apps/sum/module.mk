# SPDX-License-Identifier: MIT
module := apps/sum
kind := program
sources := main.c many.c
uses := abi lib/file lib/pith lib/service lib/sha256
