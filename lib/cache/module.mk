# SPDX-License-Identifier: MIT
module := lib/cache
kind := lib
sources := src/cache.c
uses := abi lib/pith
tests := test/cache_test.c
