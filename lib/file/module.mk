# SPDX-License-Identifier: MIT
module := lib/file
kind := lib
target_sources := src/file.c src/entries.c
uses := abi lib/pith lib/ring lib/service
