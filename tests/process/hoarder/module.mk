# SPDX-License-Identifier: MIT
module := tests/process/hoarder
kind := program
name := process_hoarder
sources := main.c
uses := lib/pith
