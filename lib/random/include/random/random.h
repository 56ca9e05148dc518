/* SPDX-License-Identifier: MIT */
/* Random numbers from the source of the system (abi/idl/random.idl). */
#pragma once

#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"

/**
 * random_get() - fill @bytes with numbers that nobody else gets. Waits until the source has given all, over deaths of its driver.
 * Errors: ERR_NO_ENTRY   the program may not use a source.
 *         ERR_TIMED_OUT  there were not enough until the deadline. What is in @bytes then is of no use.
 *         ERR_CANCELLED  the source is down for good.
 */
MUST_CHECK err_t random_get(void *bytes, uint32_t count, ns_t deadline_ns);
