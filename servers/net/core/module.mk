# SPDX-License-Identifier: MIT
module := servers/net/core
kind := lib
sources := src/address.c src/peer.c src/socket.c src/listen.c src/stream.c src/datagram.c \
           src/quota.c src/owner.c src/neighbour.c
uses := abi lib/lwip lib/pith lib/ring lib/service lib/socket
tests := test/quota_test.c test/greedy_test.c test/sockets_test.c test/hostile_test.c
test_uses := lib/block/fake tests/net/bench tests/net/packets
