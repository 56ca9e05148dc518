/* SPDX-License-Identifier: MIT */
/* The forest along which time is lent: object/lend.h has the invariants. */
#include <stddef.h>

#include "ipc/deadline.h"
#include "object/ipc_objects.h"
#include "sched/sched.h"
#include "settle.h"

/* What the fast paths go by (ipc/fast.h) may not be so any more: time comes another way, or from others. */
static void replies_not_straight(struct lend *lend)
{
    if (lend->kind == LEND_THREAD) {
        thread_of_lend(lend)->replies_to = NULL;
    }
}

static void waits_not_straight(struct lend *lend)
{
    if (lend->kind == LEND_THREAD && thread_of_lend(lend)->receiving_on != NULL) {
        thread_of_lend(lend)->receiving_on->waiter = NULL;
    }
}

static struct lend *lend_of_node(struct queue_node *node)
{
    return (struct lend *)(void *)node; /* first member */
}

void lend_init(struct lend *lend, enum lend_kind kind, uint32_t rank)
{
    lend->node.is_queued = false;
    queue_node_rest(&lend->node);
    lend->to = NULL;
    lend_top_set(lend, NULL);
    lend->kind = (uint8_t)kind;
    lend->rank = (uint8_t)rank;
}

static struct sched_context *top_of(struct lend *lend)
{
    struct sched_context *own = NULL;
    struct queue_node *first = lend->from.first;

    if (lend->kind == LEND_THREAD) {
        own = thread_of_lend(lend)->context;
        if (own != NULL && !own->has_time) {
            own = NULL;
        }
    }
    if (first == NULL || lend_of_node(first)->top == NULL) {
        return own;
    }
    /* Of equals the lender's: a call stays on the time of who made it. */
    if (own != NULL && 255u - own->priority < first->key) {
        return own;
    }
    return lend_of_node(first)->top;
}

/* Where a thread is queued that waits without lending. */
static struct queue *plain_of(const struct thread *thread)
{
    if (ARCH_CORES > 1 && thread->plain_on != NULL) {
        return &thread->plain_on->plain;
    }
    return &thread->waiting_on->plain;
}

/* A root's priority changed: move it in whatever queue it stands in. */
static void root_changed(struct core *core, struct lend *lend, uint32_t old_key)
{
    uint32_t key = lend_key(lend);

    if (lend->kind != LEND_THREAD) {
        return;
    }
    struct thread *thread = thread_of_lend(lend);

    core = core_of(core, thread->home);
    core->must_scan = true;
    if (thread == core->current) {
        core_ask_dispatch(core);
    }
    if (thread->state == THREAD_STATE_READY) {
        if (thread == core->current && !thread->ready.is_queued) {
            return;
        }
        if (thread == core->woken) {
            core->woken = NULL;
        }
        if (thread->ready.is_queued && key != old_key) {
            ready_remove(&core->ready, &thread->ready);
        }
        if (!thread->ready.is_queued && key != LEND_KEY_NONE) {
            ready_insert(&core->ready, &thread->ready, key);
            core_ask_dispatch(core);
        }
    } else if (lend->node.is_queued && key != old_key) {
        /* Who waits without lending keeps its place in the order of priority. */
        struct queue *plain = plain_of(thread);

        queue_remove(plain, &lend->node);
        queue_insert(plain, &lend->node, key);
    }
}

void lend_update(struct core *core, struct lend *lend)
{
    for (;;) {
        struct sched_context *top = top_of(lend);

        replies_not_straight(lend);
        uint32_t old_key = lend_key(lend);

        /* The same context may have got another priority. */
        if (top == lend->top && old_key == lend_key_of(top)) {
            return;
        }
        if (ARCH_CORES > 1 && !arch_has_all() && settle_later(core, lend)) {
            return;
        }
        lend_top_set(lend, top);
        deadline_follow(core, lend);
        if (lend->to == NULL) {
            root_changed(core, lend, old_key);
            return;
        }
        if (lend_key(lend) != old_key && !queue_holds_only(&lend->to->from, &lend->node)) {
            queue_remove(&lend->to->from, &lend->node);
            queue_insert(&lend->to->from, &lend->node, lend_key(lend));
        }
        lend = lend->to;
    }
}

void lend_attach(struct core *core, struct lend *lend, struct lend *to)
{
    /* A thread lends to a lower rank; an endpoint or notification to its own or lower. */
    assert(lend->to == NULL && lend->rank >= to->rank + (lend->kind == LEND_THREAD));
    lend->to = to;
    queue_insert(&to->from, &lend->node, lend_key(lend));
    waits_not_straight(to);
    lend_update(core, to);
}

void lend_detach(struct core *core, struct lend *lend)
{
    struct lend *to = lend->to;

    if (to != NULL) {
        queue_remove(&to->from, &lend->node);
        lend->to = NULL;
        lend_update(core, to);
    }
}
