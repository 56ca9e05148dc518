# SPDX-License-Identifier: MIT
module := lib/system
kind := lib
sources := src/description.c
uses := abi lib/pith
tests := test/description_test.c
