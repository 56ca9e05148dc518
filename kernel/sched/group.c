/* SPDX-License-Identifier: MIT */
/*
 * Groups: time that a member uses is charged to the group, too, and an empty group keeps its members from running.
 * It does not go through them when it runs empty: a member is parked when its turn to run comes (dispatch.c), at most CORE_STEPS_MAX
 * in one kernel entry. When the first refill is due, the event of the group wakes one of those parked, the most important, and
 * is queued again for the next, in the band of that: so it counts as others do for how many one interrupt expires.
 * Must stay true: who runs is of no empty group; what was parked is as important in no queue.
 */
#include "group.h"

#include <stddef.h>

static struct sched_context *context_of_waiting(struct queue_node *node)
{
    return (struct sched_context *)(void *)((uint8_t *)node -
                                            offsetof(struct sched_context, waiting));
}

void group_refilled(struct core *core, struct sched_context *group)
{
    struct queue_node *first = group->parked.first;

    if (first == NULL) {
        timed_cancel(core, &group->replenish);
    } else {
        timed_arm(core, &group->replenish, group->refills[group->head].at_ns,
                  context_of_waiting(first)->band);
    }
}

void group_charge(struct core *core, struct sched_context *group, ns_t start_ns, ns_t now_ns)
{
    group->used_ns += now_ns - start_ns;
    if (group->is_sliced) {
        return;
    }
    context_refills_use(group, start_ns, now_ns);
    if (group_is_empty(group, now_ns)) {
        core_ask_dispatch(core);
    }
    if (!queue_is_empty(&group->parked)) {
        group_refilled(core, group);
    }
}

void group_park(struct core *core, struct sched_context *member)
{
    struct sched_context *group = member->group;

    context_time_set(core, member, false);
    queue_insert(&group->parked, &member->waiting, 255u - member->priority);
    group_refilled(core, group);
}

void group_unpark(struct core *core, struct sched_context *member)
{
    struct sched_context *group = member->group;

    queue_remove(&group->parked, &member->waiting);
    group_refilled(core, group);
}

void group_replenish(struct core *core, struct sched_context *group)
{
    context_time_set(core, context_of_waiting(group->parked.first), true);
}

/* Its own event and state were a context's, which another core may not have chosen anew since; now they are a group's. */
static void begin(struct core *core, struct sched_context *group)
{
    context_leave(core, group);
    group->is_sliced = group->budget_ns == group->period_ns;
    group->priority = group->base;
    group->band = group->base / 16u;
    group->has_time = true;
}

static void end(struct core *core, struct sched_context *group, ns_t now_ns)
{
    if (!group->is_sliced) {
        context_budget_check(core, group, now_ns);
    }
}

static void member_gone(struct core *core, struct cap *cap)
{
    struct sched_context *member = cap->holder;
    struct sched_context *group = member->group;
    ns_t now_ns = arch_now();

    core = core_of(core, member->core);
    context_charge(core, now_ns);
    if (member->waiting.is_queued) {
        context_time_set(core, member, true);
    }
    member->group = NULL;
    if (--group->members == 0) {
        end(core, group, now_ns);
    }
}

err_t group_add(struct sched_context *group, struct cap *group_cap, struct sched_context *member)
{
    struct core *core = group->core;
    err_t err = cap_embed(group_cap, &member->group_cap, member, member_gone);

    if (err) {
        return err;
    }
    context_charge(core, arch_now());
    if (group->members++ == 0) {
        begin(core, group);
    }
    member->group = group;
    core_ask_dispatch(core);
    return ERR_OK;
}

void group_leave(struct core *core, struct sched_context *member)
{
    if (member->group != NULL) {
        member_gone(core, &member->group_cap);
        cap_unembed(&member->group_cap);
    }
}
