# SPDX-License-Identifier: MIT
module := lib/system
kind := lib
sources := src/description.c src/rates.c
target_sources := src/ask.c
uses := abi lib/pith
tests := test/rates_test.c test/description_test.c
