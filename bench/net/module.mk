# SPDX-License-Identifier: MIT
module := bench/net
kind := program
name := bench_net
sources := main.c peer.c
uses := abi bench/marks lib/pith lib/service lib/socket lib/system
