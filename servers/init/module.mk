# SPDX-License-Identifier: MIT
module := servers/init
kind := program
sources := src/main.c src/build.c src/guard.c
uses := abi lib/pith lib/system servers/warden
