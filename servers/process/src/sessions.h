/* SPDX-License-Identifier: MIT */
/* What places share with servers, as the manager sees it. */
#pragma once

#include <stdint.h>

#include "abi/errors.h"

/** sessions_init() - map it. Errors: those of region_map(). */
MUST_CHECK err_t sessions_init(void);

/** session_clear() - nothing of an earlier process is left in that session of the manager's list. */
void session_clear(uint32_t number);
