/* SPDX-License-Identifier: MIT */
/* The ready queue and the choice of who runs. */
#include <stddef.h>

#include "charge.h"
#include "core/trace.h"
#include "group.h"
#include "ipc/deadline.h"
#include "sched/sched.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

static struct thread *thread_of_ready(struct ready_node *node)
{
    return (struct thread *)(void *)((uint8_t *)node - offsetof(struct thread, ready));
}

static bool can_continue(const struct thread *thread)
{
    return thread != NULL && thread->state == THREAD_STATE_READY && thread->lend.top != NULL &&
           !thread->ready.is_queued;
}

void thread_make_ready(struct core *core, struct thread *thread)
{
    core = core_of(core, thread->home);

    struct thread *current = core->current;
    uint32_t key = lend_key(&thread->lend);

    thread->state = THREAD_STATE_READY;
    if (thread == current) {
        core_ask_dispatch(core);
        return;
    }
    if (key == LEND_KEY_NONE) {
        return;
    }
    if (can_continue(current) && key >= lend_key(&current->lend)) {
        ready_insert(&core->ready, &thread->ready, key);
        return;
    }
    core_ask_dispatch(core);
    if (core->woken == NULL) {
        core->woken = thread;
    } else if (key < lend_key(&core->woken->lend)) {
        ready_insert_first(&core->ready, &core->woken->ready, lend_key(&core->woken->lend));
        core->woken = thread;
    } else {
        ready_insert(&core->ready, &thread->ready, key);
    }
}

void thread_unready(struct core *core, struct thread *thread)
{
    core = core_of(core, thread->home);
    if (thread->ready.is_queued) {
        ready_remove(&core->ready, &thread->ready);
    } else if (thread == core->woken) {
        core->woken = NULL;
        core->must_scan = true; /* others that were woken are in ready */
    }
    if (thread == core->current) {
        core_ask_dispatch(core);
    }
}

void core_expel(struct core *core, struct thread *thread)
{
    if (core->current == thread) {
        core_ask_dispatch(core); /* first: another core has saved its registers by then */
        core->current = NULL;
    }
    core_forget_entered(core, thread);
    deadline_forget_behind(thread);
}

void current_yield(struct core *core)
{
    struct thread *current = core->current;

    if (can_continue(current)) {
        ready_insert(&core->ready, &current->ready, lend_key(&current->lend));
        core_ask_dispatch(core);
    }
}

/* The best of current, if it can go on, the one that was woken, and those that are ready; the others are in the queue then. */
static ALWAYS_INLINE struct thread *choose(struct core *core)
{
    struct thread *best = can_continue(core->current) ? core->current : NULL;
    struct thread *woken = core->woken;

    if (woken != NULL) {
        core->woken = NULL;
        if (best == NULL) {
            best = woken;
        } else if (lend_key(&woken->lend) >= lend_key(&best->lend)) {
            ready_insert(&core->ready, &woken->ready, lend_key(&woken->lend));
        } else {
            ready_insert_first(&core->ready, &best->ready, lend_key(&best->lend));
            best = woken;
            if (!core->must_scan) {
                return best; /* it is better than current, which was better than all that are ready */
            }
        }
    }
    uint32_t first = ready_first_key(&core->ready);

    if (best != NULL) {
        uint32_t key = lend_key(&best->lend);

        if (key <= first) {
            return best;
        }
        ready_insert_first(&core->ready, &best->ready, key);
    }
    if (first == READY_KEY_NONE) {
        return NULL;
    }
    struct ready_node *node = core->ready.first[first];

    ready_remove(&core->ready, node);
    return thread_of_ready(node);
}

static __attribute__((noinline)) struct thread *choose_again(struct core *core)
{
    return choose(core);
}

/*
 * A member's turn has come. If its group is empty it is parked, and so are those after it, until somebody may run. After so many
 * nobody runs, though some are ready: idle() sees to it that the timer comes at once, behind whatever else interrupts.
 */
static __attribute__((noinline)) struct thread *choose_with_groups(struct core *core,
                                                                   struct thread *next, ns_t now_ns)
{
    for (uint32_t parked = 0; next != NULL; parked = steps_count(parked, now_ns)) {
        struct sched_context *top = next->lend.top;

        if (top->group == NULL || !group_is_empty(top->group, now_ns)) {
            return next;
        }
        if (parked == CORE_STEPS_MAX) {
            ready_insert_first(&core->ready, &next->ready, lend_key(&next->lend));
            return NULL;
        }
        group_park(core, top);
        next = choose_again(core);
    }
    return NULL;
}

static void idle(struct core *core, ns_t now_ns)
{
    core->charged = NULL;
    timers_arm_for(core, 0,
                   ready_first_key(&core->ready) == READY_KEY_NONE ? DEADLINE_NEVER : now_ns);
    trace_event(core, TRACE_IDLE, 0, 0);
}

/* How long the running context, and its group, need not be looked at. */
static uint64_t time_left(const struct sched_context *context)
{
    const struct sched_context *group = context->group;
    uint64_t left_ns = context->left_ns;

    if (__builtin_expect(group != NULL, 0) && !group->is_sliced &&
        group->refills[group->head].amount_ns < left_ns) {
        left_ns = group->refills[group->head].amount_ns;
    }
    return left_ns;
}

/* Who ran is charged by now, and next may run. */
static ALWAYS_INLINE void go_on_with(struct core *core, struct thread *next, ns_t now_ns)
{
    struct sched_context *context = next->lend.top;

    core->current = next;
    if (context != core->charged) {
        core->charged = context;
        next->switches++;
    }
    timers_arm_for(core, context->band, now_ns + time_left(context));
    if (next != core->entered) {
        core_enter_thread(core, next);
    }
}

void core_dispatch(struct core *core)
{
    struct thread *before = core->current;
    ns_t now_ns = arch_now();

    charge(core, now_ns);
    struct thread *next = choose(core);

    if (__builtin_expect(next != NULL && next->lend.top->group != NULL, 0)) {
        next = choose_with_groups(core, next, now_ns);
    }
    core->must_dispatch = false;
    core->must_scan = false;
    if (before != next && before != NULL) {
        deadline_cover(core, before);
    }
    if (next == NULL) {
        core->current = NULL;
        idle(core, now_ns);
        return;
    }
    go_on_with(core, next, now_ns);
}

void core_yield(struct core *core)
{
    struct thread *current = core->current;
    ns_t now_ns = arch_now();

    charge(core, now_ns);
    struct ready_node *first =
        core->must_dispatch ? NULL : core->ready.first[lend_key(&current->lend)];

    if (first == NULL || thread_of_ready(first)->lend.top->group != NULL) {
        current_yield(core);
        return;
    }
    ready_rotate(&core->ready, first, &current->ready);
    deadline_cover(core, current);
    go_on_with(core, thread_of_ready(first), now_ns);
}

void core_enter_thread(struct core *core, struct thread *thread)
{
    trace_switch(core, thread);
    core->entered = thread;
    arch_thread_enter(core, thread);
}
