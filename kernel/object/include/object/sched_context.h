/* SPDX-License-Identifier: MIT */
/*
 * Time on a core: a priority, and a budget for every period; without budget, spare time at a lower priority if it may.
 * Invariant: refills[head] .. are in order of time; their amounts add up to at most the budget. A configured context is in one
 * of four states: it has budget (its first refill is due and not used up); it takes turns, its budget is its whole period; it is
 * on spare time; or it has no time, until its first refill is due. Of the last two an event tells when that is.
 * One with members is a group (sched/group.c): it is bound to nobody, is in no group, and its event is queued exactly while some are
 * parked, for when its first refill is due or was.
 */
#pragma once

#include "cap/cap.h"
#include "object/timed.h"
#include "sched/queue.h"

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
    uint8_t priority;  /* in force: base, or spare */
    uint8_t band;      /* priority / 16 */
    uint8_t base;      /* while it has budget, or none and no spare time */
    uint8_t spare;     /* on spare time; 0: it gets none */
    bool has_time;     /* with budget, in turns, or on spare time; and not parked */
    bool is_sliced; /* in turns, or on spare time: slices of the budget's length, no refill pays */
    uint8_t head;   /* of refills */
    uint8_t count;
    uint64_t left_ns; /* of the slice, or of the first refill: then it must be looked at again */
    uint64_t budget_ns;
    uint64_t period_ns;
    uint64_t used_ns; /* since configured */
    struct refill refills[SCHED_REFILLS];
    ns_t used_until_ns;     /* when the last piece taken from refills ended */
    ns_t gathering_ns;      /* when the first piece in the last refill would have come back alone */
    struct timed replenish; /* queued while its first refill is not due; of a group: see above */
    struct thread *owner;   /* set exactly while owner_cap is */
    struct cap owner_cap;   /* embedded */

    /* A member. */
    struct sched_context *group; /* charged too; set exactly while group_cap is */
    struct cap group_cap;        /* embedded */
    struct queue_node waiting;   /* parked, in group->parked: when its turn came that was empty */

    /* A group. */
    struct queue parked; /* by priority: keys as in object/lend.h */
    uint32_t members;
};
