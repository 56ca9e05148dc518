# SPDX-License-Identifier: MIT
module := kernel/sched
kind := kernel
sources := context.c dispatch.c group.c heap.c lend.c queue.c timers.c
many_sources := settle.c
uses := kernel/core kernel/ipc kernel/object
tests := test/heap_test.c test/queue_test.c test/refills_test.c
