/* SPDX-License-Identifier: MIT */
/*
 * Deadlines of waits. Invariant: the finite deadline of a waiting thread is queued as a timer event on its home, but for
 * one case: the thread's call is held by the current thread there; then it is queued or the hardware is armed no later.
 */
#pragma once

#include "sched/sched.h"

/** The call that this thread serves, if any: makes sure that its deadline is not forgotten. */
static inline void deadline_cover(struct core *core, struct thread *thread);

/** What the thread is about to wait for would be over before it began. */
static inline bool deadline_is_past(const struct thread *thread)
{
    return thread->registers.time != DEADLINE_NEVER && thread->registers.time <= arch_now();
}

/** Queues the deadline of a thread that waits, if it is finite. */
void deadline_queue(struct core *core, struct thread *thread);

/** The thread's wait is over: takes its deadline out of the queue. */
static inline void deadline_cancel(struct core *core, struct thread *thread)
{
    timed_cancel(core_of(core, thread->home), &thread->timeout);
}

/**
 * deadline_follow() - the priority of a node rose or fell: the event of its thread is to move to the band of more important ones. That is put
 * off, for there may be one at each node of a chain: the timer fires at once, and moves them one by one.
 */
void deadline_follow(struct core *core, struct lend *lend);
/** Moves the event of one thread in core->behind. */
void deadline_catch_up(struct core *core);
/** The thread leaves its core. */
void deadline_forget_behind(struct thread *thread);

/** A deadline event expired: ends the thread's wait with TIMED_OUT. */
void deadline_passed(struct core *core, struct timed *timed);

static inline void deadline_cover(struct core *core, struct thread *thread)
{
    struct thread *caller = thread->serving;

    /* That of a caller of another core was queued there from the beginning. */
    if (caller != (struct thread *)0 && caller->deadline_ns != DEADLINE_NEVER &&
        core_is_same(caller->home, thread->home) && !caller->timeout.node.is_queued) {
        deadline_queue(core, caller);
    }
}
