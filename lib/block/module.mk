# SPDX-License-Identifier: MIT
module := lib/block
kind := lib
sources := src/client.c src/server.c
target_sources := src/wait.c
uses := abi lib/pith lib/ring lib/service
tests := test/client_test.c test/server_test.c
test_uses := lib/block/fake
