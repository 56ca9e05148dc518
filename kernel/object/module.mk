# SPDX-License-Identifier: MIT
module := kernel/object
kind := kernel
sources := destroy.c device.c foreign.c io_port.c io_space.c ipc_methods.c machine.c thread.c thread_methods.c untyped.c
many_sources := move.c
uses := abi kernel/arch kernel/cap kernel/core kernel/ipc kernel/mm kernel/sched
