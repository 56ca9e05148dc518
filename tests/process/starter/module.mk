# SPDX-License-Identifier: MIT
module := tests/process/starter
kind := program
name := process_starter
sources := main.c
uses := abi lib/pith lib/process
