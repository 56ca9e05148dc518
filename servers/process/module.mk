# SPDX-License-Identifier: MIT
module := servers/process
kind := program
sources := src/main.c src/children.c src/start.c src/make.c src/ops.c src/pool.c src/records.c src/sessions.c src/waiters.c
uses := abi lib/file lib/pith lib/service lib/system
