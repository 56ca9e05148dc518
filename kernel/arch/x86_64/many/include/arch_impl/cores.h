/* SPDX-License-Identifier: MIT */
/* The kernel for several cores. docs/locking.md */
#pragma once

#define ARCH_CORES 64u    /* so many can be used at most */
#define ARCH_FAST_ENTRY 0 /* ipc/fast.c, under the lock */
#define ARCH_SYSCALL_ENTRY arch_syscall_entry

/* What entry.S calls: each of them takes the lock, and gives it back. */
#define ARCH_ON_SYSCALL locked_on_syscall
#define ARCH_ON_VECTOR locked_on_vector
#define ARCH_LEAVE_SLOWLY locked_leave_slowly
