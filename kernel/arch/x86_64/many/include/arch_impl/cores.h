/* SPDX-License-Identifier: MIT */
/* The kernel for several cores. docs/locking.md */
#pragma once

#define ARCH_CORES 64u /* so many can be used at most */
