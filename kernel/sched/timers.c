/* SPDX-License-Identifier: MIT */
/*
 * Timer events, in one queue per band of 16 priorities. The hardware is armed for the earliest event
 * of the bands at or above the running one (core->armed_band), and never later than the end of the
 * running budget. Cancelling does not re-arm: the hardware may fire for nothing.
 */
#include <stddef.h>

#include "core/alone.h"
#include "ipc/deadline.h"
#include "object/device_objects.h"
#include "object/timer.h"
#include "sched/sched.h"

static struct timed *timed_of(struct heap_node *node)
{
    return (struct timed *)(void *)node; /* first member */
}

void timed_arm(struct core *core, struct timed *timed, ns_t at_ns, uint32_t band)
{
    timed_cancel(core, timed);
    timed->band = (uint8_t)band;
    heap_insert(&core->timers[band], &timed->node, at_ns);
    if (band >= core->armed_band) {
        timers_arm_by(core, at_ns);
    }
}

void timed_cancel(struct core *core, struct timed *timed)
{
    if (timed->node.is_queued) {
        heap_remove(&core->timers[timed->band], &timed->node);
    }
}

ns_t timers_earlier(const struct core *core, uint32_t first, uint32_t end, ns_t at_ns)
{
    if (core->behind != NULL) {
        return 0;
    }
    for (uint32_t band = first; band < end; band++) {
        const struct heap_node *node = core->timers[band].first;

        if (node != NULL && node->key < at_ns) {
            at_ns = node->key;
        }
    }
    return at_ns;
}

void timers_cover_all(struct core *core)
{
    timers_arm_by(core, timers_earlier(core, core->armed_band, TIMER_BANDS, DEADLINE_NEVER));
}

static void expire(struct core *core, struct timed *timed)
{
    heap_remove(&core->timers[timed->band], &timed->node);
    if (timed->kind == TIMED_DEADLINE) {
        deadline_passed(core, timed);
    } else if (timed->kind == TIMED_REPLENISH) {
        context_replenish(
            core, (struct sched_context *)(void *)((uint8_t *)timed -
                                                   offsetof(struct sched_context, replenish)));
    } else {
        timer_expired(core, (struct timer *)(void *)timed);
    }
}

void timers_on_interrupt(struct core *core)
{
    ns_t now_ns = arch_now();
    uint32_t steps = 0;
    int lowest = core->armed_band;

    /* Dispatch charges what ran, whose budget may have ended, and arms: once, for all that is queued by then. */
    core->armed_ns = DEADLINE_NEVER;
    core->armed_band = TIMER_BANDS;
    core->must_dispatch = true;
    while (core->behind != NULL && steps < CORE_STEPS_MAX) {
        deadline_catch_up(core);
        steps = steps_count(steps, now_ns);
    }
    for (int band = TIMER_BANDS - 1; band >= lowest; band--) {
        struct heap_node *first;

        while (steps < CORE_STEPS_MAX && (first = core->timers[band].first) != NULL &&
               first->key <= now_ns) {
            if (ARCH_CORES > 1 && !core->has_all && !alone_expire(core, timed_of(first))) {
                core->must_expire = true; /* and those behind it */
                steps = CORE_STEPS_MAX;
                break;
            }
            expire(core, timed_of(first));
            /* Others come with the next interrupt, the most important first. */
            steps = steps_count(steps, now_ns);
        }
    }
    if (core->current != NULL) {
        deadline_cover(core, core->current);
    }
}
