# SPDX-License-Identifier: MIT
module := bench/process
kind := program
name := bench_process
sources := main.c
uses := abi bench/marks lib/pith lib/process lib/system
