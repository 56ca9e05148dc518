/* SPDX-License-Identifier: MIT */
/* Groups of contexts, and what they share with contexts: see group.c. */
#pragma once

#include "object/sched_context.h"
#include "sched/sched.h"

/* Group's refills decide whether it has time. */
static inline bool group_is_empty(const struct sched_context *group, ns_t now_ns)
{
    return !group->is_sliced && group->refills[group->head].at_ns > now_ns;
}

/** Books time that a member used. */
void group_charge(struct core *core, struct sched_context *group, ns_t start_ns, ns_t now_ns);
/** The turn of a member with time of its own has come, but its group is empty. */
void group_park(struct core *core, struct sched_context *member);
/** It is parked, and is not any more: context_time_set() does this first. */
void group_unpark(struct core *core, struct sched_context *member);
/** The event of the group is due. */
void group_replenish(struct core *core, struct sched_context *group);
/** The group's refills are others now. */
void group_refilled(struct core *core, struct sched_context *group);

/* Of context.c. */

/** It has time now, or has none: its owner is queued accordingly. One that was parked is not any more. */
void context_time_set(struct core *core, struct sched_context *context, bool has_time);
/** Takes time used from its refills, which come back a period after. */
__attribute__((noinline)) void context_refills_use(struct sched_context *context, ns_t start_ns,
                                                   ns_t now_ns);
/** Is there budget now? Else on spare time, or until the next refill without. */
void context_budget_check(struct core *core, struct sched_context *context, ns_t now_ns);
