/* SPDX-License-Identifier: MIT */
/* The kernel for one core: no locks, and nobody else to ask. docs/locking.md */
#pragma once

#define ARCH_CORES 1u /* so many can be used at most */

/*
 * fast.S stands before entry.S. FAST_ENTER is what it does before it looks at anything that others could change, FAST_LEAVE
 * before it goes back to user mode or leaves the call to the slow path: nothing.
 */
#define ARCH_FAST_ENTRY 1
#define ARCH_SYSCALL_ENTRY arch_fast_entry
#define FAST_ENTER
#define FAST_LEAVE

/* What entry.S calls. */
#define ARCH_ON_SYSCALL core_on_syscall
#define ARCH_ON_VECTOR arch_on_vector
#define ARCH_LEAVE_SLOWLY arch_leave_slowly
