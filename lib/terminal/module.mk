# SPDX-License-Identifier: MIT
module := lib/terminal
kind := lib
sources := src/stream.c src/client.c src/server.c
target_sources := src/find.c src/wait.c
uses := abi lib/pith lib/ring lib/service
tests := test/terminal_test.c
test_uses := lib/block/fake
