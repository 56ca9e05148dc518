# SPDX-License-Identifier: MIT
module := lib/line
kind := lib
sources := src/line.c src/keys.c src/glyph.c src/edit.c src/draw.c src/history.c src/complete.c
uses := lib/pith
tests := test/line_test.c test/model_test.c test/keys_test.c
test_uses := lib/line/screen
