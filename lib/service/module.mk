# SPDX-License-Identifier: MIT
module := lib/service
kind := lib
target_sources := src/service.c
sources := src/session.c src/stats.c
uses := abi lib/pith lib/ring
