# SPDX-License-Identifier: MIT
module := lib/log/fuzz
kind := host_program
name := hostile_lines
sources := hostile_lines.c
uses := lib/log
test_args := --runs 20000
