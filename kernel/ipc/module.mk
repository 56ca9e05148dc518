# SPDX-License-Identifier: MIT
module := kernel/ipc
kind := kernel
sources := call.c cut.c endpoint.c fast.c message.c notification.c receive.c
uses := kernel/core kernel/object kernel/sched
tests := test/fast_test.c
test_uses := abi kernel/arch/host
