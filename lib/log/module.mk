# SPDX-License-Identifier: MIT
module := lib/log
kind := lib
sources := src/record.c src/ring.c src/store.c
target_sources := src/log.c
uses := abi lib/pith lib/service
tests := test/log_test.c
