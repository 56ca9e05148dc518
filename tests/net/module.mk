# SPDX-License-Identifier: MIT
module := tests/net
kind := host_test_lib
sources := sim.c transfer.c
uses := lib/lwip
