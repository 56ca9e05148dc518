/* SPDX-License-Identifier: MIT */
/* The two locks around what the program's threads share in here. They nest not, neither in itself nor in the other. */
#pragma once

#include <stdint.h>

#include "abi/errors.h"

/** posix_lock() - descriptors, files, memory. Calls to servers are made under it. */
void posix_lock(void);
void posix_unlock(void);

/** wait_lock() - who waits for what, and which threads run. Held for moments only. */
void wait_lock(void);
void wait_unlock(void);

/** locks_prepare() - for more than one thread, of ranks above @rank; by the only one that there is. */
MUST_CHECK err_t locks_prepare(uint32_t rank);
