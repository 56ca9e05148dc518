# SPDX-License-Identifier: MIT
module := tests/fuzz
kind := host_program
name := random_calls
sources := random_calls.c generate.c arguments.c pick.c execute.c crew.c foreign.c oracle.c watch.c shared_memory.c
uses := abi kernel/arch/host kernel/cap kernel/core kernel/mm kernel/object kernel/sched \
        tests/fuzz/graph
tests := trap_test.c
test_args := --calls 60000 --quiet
# fork() is not in C17 itself; the rest as in tests/fuzz/graph.
cflags := -D_DEFAULT_SOURCE -O2 -fno-sanitize=all
