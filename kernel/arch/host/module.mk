# SPDX-License-Identifier: MIT
module := kernel/arch/host
kind := kernel
sources := interrupts.c iommu.c machine.c mmu.c root.c
uses := abi kernel/arch kernel/cap kernel/core kernel/ipc kernel/mm kernel/object kernel/sched
# mmap() is not in C17 itself.
cflags := -D_DEFAULT_SOURCE
