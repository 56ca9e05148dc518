# SPDX-License-Identifier: MIT
module := lib/random
kind := lib
target_sources := src/random.c
uses := abi lib/pith
