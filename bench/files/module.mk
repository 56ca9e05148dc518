# SPDX-License-Identifier: MIT
module := bench/files
kind := program
name := bench_files
sources := main.c check.c recover.c
uses := abi bench/marks lib/file lib/pith lib/service lib/system
