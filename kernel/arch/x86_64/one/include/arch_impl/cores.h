/* SPDX-License-Identifier: MIT */
/* The kernel for one core: no locks, and nobody else to ask. docs/locking.md */
#pragma once

#define ARCH_CORES 1u /* so many can be used at most */

/* What entry.S calls when there is nobody to resume, or interrupts were noted. */
#define ARCH_LEAVE_SLOWLY arch_leave_slowly
