# SPDX-License-Identifier: MIT
module := lib/service
kind := lib
target_sources := src/service.c
sources := src/session.c
uses := abi lib/pith lib/ring
