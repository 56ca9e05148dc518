# SPDX-License-Identifier: MIT
module := servers/net
kind := program
name := net
sources := main.c address.c random.c netif.c peer.c socket.c listen.c stream.c datagram.c
uses := abi lib/link lib/lwip lib/pith lib/ring lib/service lib/socket
cflags := -mrdrnd
