/* SPDX-License-Identifier: MIT */
/* Memory by pages, zero; with posix_lock() held. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/types.h"

/** pages_take() - 0: there is none. */
user_addr_t pages_take(uint32_t count);

/** pages_give() - give back what is in use of a range; false: it is not of ours. */
bool pages_give(user_addr_t at, uint64_t bytes);
