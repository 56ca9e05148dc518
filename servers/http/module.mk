# SPDX-License-Identifier: MIT
module := servers/http
kind := program
sources := src/main.c src/connection.c src/request.c src/source.c src/listing.c src/status.c
uses := abi lib/file lib/http lib/pith lib/service lib/socket lib/system
