# SPDX-License-Identifier: MIT
module := lib/link
kind := lib
sources := src/client.c src/server.c
uses := abi lib/pith lib/ring lib/service
tests := test/link_test.c
test_uses := lib/block/fake
