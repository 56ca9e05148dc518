# SPDX-License-Identifier: MIT
module := lib/socket
kind := lib
sources := src/client.c src/socket.c
uses := abi lib/pith lib/ring lib/service
tests := test/client_test.c
test_uses := lib/block/fake
