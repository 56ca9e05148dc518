/* SPDX-License-Identifier: MIT */
/*
 * Time on a core: a priority, and a budget for every period.
 * Invariant: refills[head] .. are in order of time; their amounts add up to at most the budget;
 * has_budget is true exactly if it is configured and its first refill is due and not used up.
 */
#pragma once

#include "cap/cap.h"
#include "object/timed.h"

#define SCHED_REFILLS 8u
#define SCHED_BUDGET_MIN_NS 10000u
#define SCHED_PERIOD_MAX_NS 3600000000000ull

struct thread;
struct core;

struct refill {
    ns_t at_ns;
    uint64_t amount_ns;
};

struct sched_context {
    struct core *core; /* its home, and its owner's; NULL: not configured */
    uint8_t priority;
    uint8_t band; /* of its events: priority / 16 */
    bool has_budget;
    uint8_t head; /* of refills */
    uint8_t count;
    uint64_t budget_ns;
    uint64_t period_ns;
    uint64_t used_ns; /* since configured */
    struct refill refills[SCHED_REFILLS];
    ns_t gathering_ns;      /* when the first piece in the last refill would have come back alone */
    struct timed replenish; /* queued while exhausted */
    struct thread *owner;   /* set exactly while owner_cap is */
    struct cap owner_cap;   /* embedded */
};
