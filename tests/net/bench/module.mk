# SPDX-License-Identifier: MIT
module := tests/net/bench
kind := host_test_lib
sources := bench.c
uses := lib/block/fake lib/pith lib/service lib/socket servers/net/core tests/host tests/net
