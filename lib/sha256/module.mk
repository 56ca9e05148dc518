# SPDX-License-Identifier: MIT
module := lib/sha256
kind := lib
sources := src/sha256.c
uses := lib/pith
tests := test/sha256_test.c
