# SPDX-License-Identifier: MIT
module := lib/file
kind := lib
sources := src/entries.c src/mounts.c src/path.c src/requests.c
target_sources := src/connect.c src/file.c src/find.c src/map.c src/write.c
uses := abi lib/pith lib/ring lib/service
tests := test/entries_test.c test/mounts_test.c test/path_test.c test/requests_test.c
test_uses := lib/block/fake
