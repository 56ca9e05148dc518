# SPDX-License-Identifier: MIT
module := lib/file
kind := lib
sources := src/entries.c
target_sources := src/file.c
uses := abi lib/pith lib/ring lib/service
tests := test/entries_test.c
