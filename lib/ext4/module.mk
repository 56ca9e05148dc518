# SPDX-License-Identifier: MIT
module := lib/ext4
kind := lib
sources := src/block.c src/crc.c src/dir.c src/extent.c src/file.c src/group.c src/hash.c src/htree.c \
           src/indirect.c src/inode.c src/journal.c src/journal_map.c src/journal_super.c src/map.c \
           src/path.c src/super.c
uses := abi lib/pith
tests := test/damage_test.c test/journal_test.c test/read_test.c
test_uses := tests/ext4
