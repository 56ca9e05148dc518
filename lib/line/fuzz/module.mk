# SPDX-License-Identifier: MIT
module := lib/line/fuzz
kind := host_program
name := hostile_keys
sources := hostile_keys.c
uses := lib/line lib/line/screen
test_args := --runs 500
