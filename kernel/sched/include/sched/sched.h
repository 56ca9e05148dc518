/* SPDX-License-Identifier: MIT */
/*
 * Who runs, and on whose time: the lending forest, the ready queue, contexts, timers.
 * Rule: after every kernel entry core->current is the end of the chain from the best context with budget
 * whose chain ends in a READY thread.
 */
#pragma once

#include "core/core.h"
#include "core/remote.h"
#include "object/lend.h"
#include "object/thread.h"
#include "object/timed.h"

/*
 * Functions on a thread, its node or its context find their way to its home: core is the one that runs. Those on a core
 * itself, or on a context and a core, mean that core, which may be another.
 */

/* Lending. */

void lend_init(struct lend *lend, enum lend_kind kind, uint32_t rank);
/** Adds the edge; the caller has checked ranks and homes. Priority is passed on towards the root. */
void lend_attach(struct core *core, struct lend *lend, struct lend *to);
/** Cuts the edge, if there is one. */
void lend_detach(struct core *core, struct lend *lend);
/** Something about the node's own context changed. */
void lend_update(struct core *core, struct lend *lend);

static inline struct thread *thread_of_lend(struct lend *lend)
{
    return (struct thread *)(void *)((uint8_t *)lend - __builtin_offsetof(struct thread, lend));
}

static inline uint32_t lend_key(const struct lend *lend)
{
    return (uint32_t)lend->node.key;
}

/** The key of who is reached by that context. */
static inline uint32_t lend_key_of(const struct sched_context *top)
{
    return top == (const struct sched_context *)0 ? LEND_KEY_NONE : 255u - top->priority;
}

/** The only way to change top: the key goes with it. If the node is queued by its old key, it must be queued anew. */
static inline void lend_top_set(struct lend *lend, struct sched_context *top)
{
    lend->top = top;
    lend->node.key = lend_key_of(top);
}

/* Ready threads. */

/** Puts a thread that has just become READY where it belongs, and asks for dispatch if it is better than current. */
void thread_make_ready(struct core *core, struct thread *thread);
/** A thread stops being READY: takes it from the queue or off the core. The state is the caller's business. */
void thread_unready(struct core *core, struct thread *thread);
/**
 * What is to reach it changed while it waits in a queue of another core, which that goes by: so all of that (lend.top, the key, its place)
 * waits until this core has all locks, which is before it leaves the kernel. Now it has; if nothing waits, nothing happens.
 */
void thread_settle(struct core *core, struct thread *thread);
/** Puts current behind others of its priority. */
void current_yield(struct core *core);
/** The same for who makes a system call: if nothing else is to be thought of, the first of those others runs already. */
void core_yield(struct core *core);
/**
 * core_expel() - the thread is in no queue, and leaves its core, which may be another, now: that does not refer to it
 * afterwards.
 */
void core_expel(struct core *core, struct thread *thread);
/** thread is core->current now: its space and registers become the hardware's. */
void core_enter_thread(struct core *core, struct thread *thread);
/** Makes core->current the thread to run, charges time, loads its space. Runs once before leaving the kernel. */
void core_dispatch(struct core *core);

/* Contexts. */

void context_init(struct sched_context *context);
/** core is where it gives time from now on: that of its owner, if it has one. */
void context_configure(struct core *core, struct sched_context *context, uint8_t priority,
                       uint64_t budget_ns, uint64_t period_ns);
/** From now on it may use spare time at that priority, at most its own, when its budget is used up; 0: none. */
void context_set_spare(struct sched_context *context, uint8_t spare);
/** It is configured for the core, but will not be any more: nothing there refers to it afterwards. */
void context_leave(struct core *core, struct sched_context *context);
/** Both are unbound, and have one home. Errors: as cap_embed(). */
MUST_CHECK err_t context_bind(struct core *core, struct sched_context *context,
                              struct cap *thread_cap);
void context_unbind(struct core *core, struct sched_context *context);
/** Books the time since charging began on core->charged. */
void context_charge(struct core *core, ns_t now_ns);
/** Its replenishment is due. */
void context_replenish(struct core *core, struct sched_context *context);
/** Time left in refills that are due. */
uint64_t context_remaining(const struct sched_context *context, ns_t now_ns);

/* Groups of contexts. */

/**
 * group_add() - makes member a member of group, by its capability. Both are configured for one core, group is bound to nobody
 * and in no group, member in none and none itself. Errors: as cap_embed().
 */
MUST_CHECK err_t group_add(struct sched_context *group, struct cap *group_cap,
                           struct sched_context *member);
/** It has only its own time from now on; nothing if it is in no group. */
void group_leave(struct core *core, struct sched_context *member);

/* Timers. */

/** How many of CORE_STEPS_MAX there were with one more, since a time. */
static inline uint32_t steps_count(uint32_t count, ns_t since_ns)
{
    return arch_now() - since_ns > CORE_LONG_NS ? CORE_STEPS_MAX : count + 1;
}

/** Queues an event (again) on the core; hardware is armed if it must be. */
void timed_arm(struct core *core, struct timed *timed, ns_t at_ns, uint32_t band);
void timed_cancel(struct core *core, struct timed *timed);
/** The hardware timer fired: expires at most CORE_STEPS_MAX events, and arms anew. */
void timers_on_interrupt(struct core *core);
/** The earlier of at_ns and the first event of the bands from first on, below end. */
ns_t timers_earlier(const struct core *core, uint32_t first, uint32_t end, ns_t at_ns);
/** Another core may have queued earlier events than the hardware is armed for. */
void timers_cover_all(struct core *core);

/** Makes sure that the hardware fires at or before a time. */
static inline void timers_arm_by(struct core *core, ns_t at_ns)
{
    if (at_ns >= core->armed_ns) {
        return;
    }
    if (core_is_other(core)) {
        arch_core_poke(core); /* it will arm its own */
    } else {
        core->armed_ns = at_ns;
        arch_timer_arm(at_ns);
    }
}

/** Interrupts for the sake of who is less important wait until he could run. */
static inline void irq_band_set(struct core *core, uint32_t band)
{
    if (band != core->irq_band) {
        core->irq_band = (uint8_t)band;
        arch_irq_shut_below(core, band);
    }
}

/**
 * A context of this band runs now, and is to be looked at again at at_ns: events and interrupts of lower bands count no longer,
 * those from it on do. The timer is written at most once. irq_band only ever differs from armed_band while the timer's interrupt is
 * handled.
 */
static inline void timers_arm_for(struct core *core, uint32_t band, ns_t at_ns)
{
    if (band != core->armed_band) {
        if (band < core->armed_band) {
            at_ns = timers_earlier(core, band, core->armed_band, at_ns);
        }
        core->armed_band = (uint8_t)band;
        irq_band_set(core, band);
    }
    timers_arm_by(core, at_ns);
}

static inline uint32_t band_of(const struct lend *lend)
{
    return lend->top == (struct sched_context *)0 ? 0 : lend->top->band;
}
