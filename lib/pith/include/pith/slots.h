/* SPDX-License-Identifier: MIT */
/*
 * Which slots of a capability table are free. The caller guards it (self_lock()).
 * Invariant: a bit is set exactly if its slot is taken; bits past count are set.
 */
#pragma once

#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"

#define SLOTS_MAX 4096u

struct slots {
    cap_addr_t first;
    uint32_t count;
    uint32_t taken;
    uint64_t bits[SLOTS_MAX / 64];
};

/** slots_init() - @count slots from @first are free; what exceeds SLOTS_MAX is left unused. */
void slots_init(struct slots *slots, cap_addr_t first, uint32_t count);

/**
 * slots_take() - find @count free slots in a row.
 * Errors: ERR_NO_SLOT  there are none. Cost: linear in the size of the table.
 */
MUST_CHECK err_t slots_take(struct slots *slots, uint32_t count, cap_addr_t *first);

/** slots_give() - give back slots that were taken; they must be empty. */
void slots_give(struct slots *slots, cap_addr_t first, uint32_t count);
