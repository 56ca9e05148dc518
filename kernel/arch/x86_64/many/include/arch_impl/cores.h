/* SPDX-License-Identifier: MIT */
/* The kernel for several cores. docs/locking.md */
#pragma once

#define ARCH_CORES 64u /* so many can be used at most */

/* What entry.S calls: each of them takes the locks it needs, and gives them back. */
#define ARCH_ON_SYSCALL locked_on_syscall
#define ARCH_ON_VECTOR locked_on_vector
#define ARCH_LEAVE_SLOWLY locked_leave_slowly
