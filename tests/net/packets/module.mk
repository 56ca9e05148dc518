# SPDX-License-Identifier: MIT
module := tests/net/packets
kind := host_test_lib
sources := make.c mutate.c sums.c
uses := lib/lwip tests/net
