/* SPDX-License-Identifier: MIT */
/* The kernel for several cores. docs/locking.md */
#pragma once

#define ARCH_CORES 64u /* so many can be used at most */

/* What entry.S calls when there is nobody to resume, or interrupts were noted. */
#define ARCH_LEAVE_SLOWLY locked_leave_slowly
