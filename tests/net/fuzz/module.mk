# SPDX-License-Identifier: MIT
module := tests/net/fuzz
kind := host_program
name := hostile_packets
sources := hostile_packets.c
uses := lib/lwip tests/net tests/net/packets
test_args := --rounds 60
