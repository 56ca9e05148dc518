# SPDX-License-Identifier: MIT
module := lib/http
kind := lib
sources := src/parser.c src/head.c src/path.c src/range.c src/text.c src/date.c src/choose.c src/response.c src/page.c
uses := lib/pith
tests := test/request_test.c test/answer_test.c
