# SPDX-License-Identifier: MIT
module := lib/posix
kind := lib
target_sources := src/start.c src/syscall.c src/memory.c src/time.c src/output.c
uses := abi lib/pith
