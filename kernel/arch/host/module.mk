# SPDX-License-Identifier: MIT
module := kernel/arch/host
kind := kernel
sources := interrupts.c machine.c mmu.c root.c
uses := abi kernel/cap kernel/core kernel/mm kernel/object kernel/sched
# mmap() is not in C17 itself.
cflags := -D_DEFAULT_SOURCE
