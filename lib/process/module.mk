# SPDX-License-Identifier: MIT
module := lib/process
kind := lib
target_sources := src/process.c
uses := abi lib/pith lib/service
