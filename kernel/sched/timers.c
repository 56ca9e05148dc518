/* SPDX-License-Identifier: MIT */
/*
 * Timer events, in one queue per band of 16 priorities. The hardware is armed for the earliest event
 * of the bands at or above the running one (core->armed_band), and never later than the end of the
 * running budget. Cancelling does not re-arm: the hardware may fire for nothing.
 * Events are of nobody's budget, and a periodic timer goes on by itself. So after an interrupt that expired some, those of no more
 * important bands wait for TIMER_CALM times as long as that took: who runs has most of the time, however many there are.
 */
#include <stddef.h>

#include "core/alone.h"
#include "ipc/deadline.h"
#include "object/device_objects.h"
#include "object/timer.h"
#include "sched/sched.h"

static struct timed *timed_of(struct queue_node *node)
{
    return (struct timed *)(void *)node; /* first member */
}

static ns_t after_calm(const struct core *core, uint32_t band, ns_t at_ns)
{
    return at_ns < core->calm_ns[band] ? core->calm_ns[band] : at_ns;
}

/* Events of a band have taken that long. Those more important do not wait for it; all others for the sum of what they let go first. */
static void calm_begin(struct core *core, uint32_t band, ns_t start_ns)
{
    ns_t end_ns = arch_now();
    uint64_t passed_ns = end_ns - start_ns;
    /* More was not theirs: a virtual machine stood still. */
    uint64_t took_ns = passed_ns < TIMER_TOOK_MAX_NS ? passed_ns : TIMER_TOOK_MAX_NS;

    for (uint32_t i = 0; i <= band; i++) {
        core->calm_ns[i] = after_calm(core, i, end_ns) + TIMER_CALM * took_ns;
    }
}

void timed_arm(struct core *core, struct timed *timed, ns_t at_ns, uint32_t band)
{
    timed_cancel(core, timed);
    timed->band = (uint8_t)band;
    queue_insert(&core->timers[band], &timed->node, at_ns);
    if (band >= core->armed_band) {
        timers_arm_by(core, after_calm(core, band, at_ns));
    }
}

void timed_cancel(struct core *core, struct timed *timed)
{
    if (timed->node.is_queued) {
        queue_remove(&core->timers[timed->band], &timed->node);
    }
}

static ns_t earlier(const struct core *core, uint32_t first, uint32_t end, ns_t at_ns)
{
    for (uint32_t band = first; band < end; band++) {
        const struct queue_node *node = queue_first(&core->timers[band]);

        if (node != NULL && node->key < at_ns) {
            ns_t due_ns = after_calm(core, band, node->key);

            at_ns = due_ns < at_ns ? due_ns : at_ns;
        }
    }
    return at_ns;
}

ns_t timers_earlier(const struct core *core, uint32_t band, ns_t at_ns)
{
    return earlier(core, band, core->armed_band, at_ns);
}

void timers_cover_all(struct core *core)
{
    timers_arm_by(core, earlier(core, core->armed_band, TIMER_BANDS, DEADLINE_NEVER));
}

static void expire(struct core *core, struct timed *timed)
{
    queue_remove(&core->timers[timed->band], &timed->node);
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

void timers_expire(struct core *core, uint32_t lowest)
{
    ns_t now_ns = arch_now();
    uint32_t expired = 0;
    uint32_t band = TIMER_BANDS;

    /* Those of less important bands wait: somebody more important may be ready now. */
    while (expired == 0 && band-- > lowest) {
        while (!queue_is_empty(&core->timers[band]) && expired < TIMER_EXPIRE_MAX) {
            struct queue_node *first = queue_first(&core->timers[band]);

            if (after_calm(core, band, first->key) > now_ns) {
                break; /* whatever the interrupt is for: else calm would grow without end */
            }
            if (ARCH_CORES > 1 && !core->has_all && !alone_expire(core, timed_of(first))) {
                core->must_expire = true; /* and those behind it */
                expired = TIMER_EXPIRE_MAX;
                break;
            }
            expire(core, timed_of(first));
            expired++;
            /* The timer itself is not armed meanwhile: what is more important may be due by now. */
            if (arch_interrupt_pending(core) || arch_now() - now_ns > TIMER_EXPIRE_NS) {
                expired = TIMER_EXPIRE_MAX;
            }
        }
    }
    if (expired != 0 && !core->must_expire) {
        calm_begin(core, band, now_ns);
    }
    if (core->current != NULL) {
        deadline_cover(core, core->current);
    }
}

void timers_on_interrupt(struct core *core)
{
    uint32_t lowest = core->armed_band;

    /* Dispatch charges what ran, whose budget may have ended, and arms: once, for all that is queued by then. */
    core->armed_ns = DEADLINE_NEVER;
    core->armed_band = TIMER_BANDS;
    core->must_dispatch = true;
    timers_expire(core, lowest);
}
