# SPDX-License-Identifier: MIT
module := tests/process/peek
kind := program
name := process_peek
sources := main.c
uses := lib/pith lib/service
