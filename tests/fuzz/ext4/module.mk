# SPDX-License-Identifier: MIT
module := tests/fuzz/ext4
kind := host_program
name := random_ext4
sources := main.c exercise.c mutate.c seal.c targets.c
uses := lib/ext4 tests/ext4
test_args := --seconds 5
