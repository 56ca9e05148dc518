# SPDX-License-Identifier: MIT
module := tests/process/nothing
kind := program
name := process_nothing
sources := main.c
uses := lib/pith
