/* SPDX-License-Identifier: MIT */
/* Chains of lending through all ranks: the longest walks that the kernel can be made to do. */
#pragma once

#include "boot_test/worker.h"

#define TOP 14u /* the highest rank of an endpoint that somebody can call */
#define CAPS 4u
#define CHAIN_PRIORITY 30u /* of its servers' calls */

struct chain {
    uint32_t core;                 /* set before it is made */
    cap_addr_t endpoints[TOP + 1]; /* by rank; the server of each calls the next below */
    cap_addr_t servers[TOP + 1];
};

struct order {
    uint32_t rank, priority;
    cap_addr_t endpoint;
    const struct worker
        *names; /* NULL, or in whose buffer CAPS capabilities are named, which are sent */
    ns_t deadline;
    uint32_t core;
};

/** A thread without a stack that makes one call; its context, which is bound. */
cap_addr_t caller_start(const struct order *order, cap_addr_t *made);
/**
 * chain_make_until() - through all ranks. No server has time of its own, and each calls with that deadline. The last serves nobody yet, and
 * runs if he is told where.
 */
void chain_make_until(struct chain *chain, ns_t deadline);
static inline void chain_make(struct chain *chain)
{
    chain_make_until(chain, DEADLINE_NEVER);
}
/** A call at its top. Returns the caller's context. */
cap_addr_t chain_call(const struct chain *chain, uint32_t priority);
/** The last of it spins on what time it is lent. */
void chain_spin(const struct chain *chain);
