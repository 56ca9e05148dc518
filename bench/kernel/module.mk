# SPDX-License-Identifier: MIT
module := bench/kernel
kind := program
name := bench_kernel
sources := main.c peer.c calls.c switches.c faults.c foreign.c interrupts.c memory.c
uses := abi bench/marks lib/pith
fpu := by_hand
