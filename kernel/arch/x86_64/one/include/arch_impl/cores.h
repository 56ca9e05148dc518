/* SPDX-License-Identifier: MIT */
/* The kernel for one core: no locks, and nobody else to ask. docs/locking.md */
#pragma once

#define ARCH_CORES 1u /* so many can be used at most */
