# SPDX-License-Identifier: MIT
module := tests/net/fuzz
kind := host_program
name := hostile_packets
sources := hostile_packets.c make.c mutate.c sums.c
uses := lib/lwip tests/net
test_args := --rounds 60
