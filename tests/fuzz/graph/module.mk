# SPDX-License-Identifier: MIT
module := tests/fuzz/graph
kind := host_test_lib
sources := invariants.c view.c foreign.c check_caps.c check_dma.c check_groups.c check_inboxes.c check_lending.c check_memory.c check_queues.c check_spaces.c \
           check_threads.c check_timed.c
uses := kernel/arch kernel/arch/host kernel/cap kernel/core kernel/object kernel/sched
# It looks at everything after every call: compiled for speed, and without the sanitizers, which
# watch the kernel.
cflags := -O2 -fno-sanitize=all
