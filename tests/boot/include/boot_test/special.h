/* SPDX-License-Identifier: MIT */
/* Capabilities in states that are hard to bring about. */
#pragma once

#include "abi/types.h"

/** deepest_copy() - 63 steps from the origin: nothing can be derived from it. */
cap_addr_t deepest_copy(cap_addr_t source);

/**
 * freeze() - revoke a capability, and stop in the middle. Derives copies from it first.
 * The worker that revokes is suspended; thaw() lets it go on to the end.
 */
struct worker *freeze(cap_addr_t cap);
void thaw(struct worker *worker);

/* flags of cap_table.identify */
enum { IDENTIFY_ORIGINAL = 1, IDENTIFY_FROZEN = 2, IDENTIFY_PARENT = 4, IDENTIFY_ATTACHED = 8 };

struct identity {
    uint32_t type, rights, depth, flags;
    uint64_t badge, size, detail;
};
struct identity identify(cap_addr_t table, cap_addr_t slot);
