# SPDX-License-Identifier: MIT
module := kernel/ipc
kind := kernel
sources := call.c cut.c endpoint.c message.c notification.c receive.c
# fast.c: called by the entry of kernel/arch/host alone.
many_sources := away.c fast.c
uses := kernel/core kernel/object kernel/sched
tests := test/fast_test.c
test_uses := abi kernel/arch/host
