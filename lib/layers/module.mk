# SPDX-License-Identifier: MIT
module := lib/layers
kind := lib
sources := src/layers.c src/path.c
uses := lib/pith
tests := test/layers_test.c
