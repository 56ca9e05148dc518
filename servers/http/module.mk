# SPDX-License-Identifier: MIT
module := servers/http
kind := program
sources := src/main.c src/connection.c src/request.c src/source.c src/listing.c src/status.c \
           src/sample.c src/status_put.c src/status_texts.c src/status_graph.c src/status_rows.c src/status_json.c \
           src/status_lines.c src/status_assets.c
uses := abi lib/file lib/http lib/layers lib/log lib/pith lib/service lib/socket lib/system
