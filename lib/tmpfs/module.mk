# SPDX-License-Identifier: MIT
module := lib/tmpfs
kind := lib
sources := src/change.c src/data.c src/names.c src/pages.c src/recover.c
uses := abi lib/pith
tests := test/tmpfs_test.c test/death_test.c
