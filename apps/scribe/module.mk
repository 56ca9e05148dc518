# SPDX-License-Identifier: MIT
module := apps/scribe
kind := program
sources := main.c
uses := abi lib/file lib/pith
