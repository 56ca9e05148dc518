/* SPDX-License-Identifier: MIT */
/* The kernel for one core: no locks, and nobody else to ask. docs/locking.md */
#pragma once

#define ARCH_CORES 1u /* so many can be used at most */

/* What entry.S calls. */
#define ARCH_ON_SYSCALL core_on_syscall
#define ARCH_ON_VECTOR arch_on_vector
#define ARCH_LEAVE_SLOWLY arch_leave_slowly
