# SPDX-License-Identifier: MIT
module := tests/boot
kind := lib
target_sources := src/chain.c src/guest.S src/guest.c src/make.c src/probe.S src/probe.c src/report.c src/runner.c src/special.c src/worker.c
uses := abi lib/pith
