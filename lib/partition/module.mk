# SPDX-License-Identifier: MIT
module := lib/partition
kind := lib
sources := src/gpt.c src/mbr.c src/table.c
uses := abi lib/pith
tests := test/partition_test.c
test_uses := tests/ext4
