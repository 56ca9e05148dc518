# SPDX-License-Identifier: MIT
module := apps/sum
kind := program
sources := main.c
uses := abi lib/file lib/pith lib/sha256
