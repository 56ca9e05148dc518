# SPDX-License-Identifier: MIT
module := servers/net/core
kind := lib
sources := src/address.c src/peer.c src/socket.c src/listen.c src/stream.c src/datagram.c
uses := abi lib/lwip lib/pith lib/ring lib/service lib/socket
