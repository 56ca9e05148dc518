# SPDX-License-Identifier: MIT
module := lib/ring
kind := lib
sources := src/ring.c
uses := abi
tests := test/ring_test.c test/threads_test.c
