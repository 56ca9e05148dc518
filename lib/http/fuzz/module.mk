# SPDX-License-Identifier: MIT
module := lib/http/fuzz
kind := host_program
name := hostile_requests
sources := hostile_requests.c
uses := lib/http
test_args := --runs 30000
