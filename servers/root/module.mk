# SPDX-License-Identifier: MIT
module := servers/root
kind := program
sources := src/main.c src/build.c src/supervise.c src/query.c
uses := abi lib/pith
