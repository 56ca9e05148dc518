/* SPDX-License-Identifier: MIT */
/*
 * The lending forest: who lends to whom, in which queue, by which key; the best context of every node
 * computed anew from its lenders; and who runs, compared with the rule in the words of the design:
 * on each core take the highest of its contexts that has budget, follow the edges from its owner, and run the
 * first whose end is ready.
 */
#include "check.h"

static struct lend *lend_of(const struct queue_node *node)
{
    return (struct lend *)(void *)node; /* first member */
}

static uint32_t key_of(const struct sched_context *context)
{
    return context == NULL ? LEND_KEY_NONE : 255u - context->priority;
}

static struct thread *thread_of(const struct lend *lend)
{
    return (struct thread *)(void *)((uint8_t *)(uintptr_t)lend - offsetof(struct thread, lend));
}

static bool is_alive(const struct view *view, const struct lend *lend)
{
    switch (lend->kind) {
    case LEND_THREAD:
        return view_has(view, thread_of(lend), OBJECT_THREAD);
    case LEND_ENDPOINT:
        return view_has(view, lend, OBJECT_ENDPOINT);
    default:
        return view_has(view, lend, OBJECT_NOTIFICATION);
    }
}

/* Threads lend to strictly lower ranks; endpoints and notifications may lend to their own. */
static bool rank_falls(const struct lend *lend, const struct lend *to)
{
    if (lend->kind == LEND_THREAD) {
        return lend->rank > to->rank;
    }
    return to->kind == LEND_THREAD && lend->rank >= to->rank;
}

/* Where the object of the node lives: for an endpoint or notification, those who lend to it. */
static const struct core *home_of(const struct lend *lend)
{
    switch (lend->kind) {
    case LEND_THREAD:
        return thread_of(lend)->home;
    case LEND_ENDPOINT:
        return ((const struct endpoint *)(const void *)lend)->home;
    default:
        return ((const struct notification *)(const void *)lend)->home;
    }
}

static bool check_edge(struct view *view, const struct lend *lend, const struct queue *plain,
                       const void *object)
{
    const struct lend *to = lend->to;

    if (to != NULL && (!is_alive(view, to) || !rank_falls(lend, to))) {
        return view_fail(view, "the edge of %s leads to something dead or not below it",
                         view_name(view, object));
    }
    if (to != NULL && home_of(lend) != home_of(to)) {
        return view_fail(view, "the edge of %s leads to another core", view_name(view, object));
    }
    if (lend->top != NULL && lend->top->core != home_of(lend)) {
        return view_fail(view, "the best context of %s is of another core",
                         view_name(view, object));
    }
    if (lend->node.key != key_of(lend->top)) {
        return view_fail(view, "%s has the key %u, but its best context has %u",
                         view_name(view, object), (unsigned)lend->node.key, key_of(lend->top));
    }
    view->edge_count += to != NULL;
    return check_in_queue(view, &lend->node, to != NULL ? &to->from : plain, object);
}

static bool check_top(struct view *view, const struct lend *lend, const struct sched_context *own,
                      const void *object)
{
    const struct queue_node *first = lend->from.first;
    const struct sched_context *top = own != NULL && own->has_time ? own : NULL;

    if (first != NULL && lend_of(first)->top != NULL && first->key <= key_of(top)) {
        top = lend_of(first)->top;
    }
    if (lend->top == top) {
        return true;
    }
    return view_fail(view, "the best context of %s should be %s (key %u), but is %s (key %u)",
                     view_name(view, object), view_name(view, top), key_of(top),
                     view_name(view, lend->top), key_of(lend->top));
}

static bool check_node(struct view *view, const struct lend *lend, const void *object,
                       enum lend_kind kind)
{
    const struct sched_context *own = NULL;
    const struct queue *plain = NULL;

    if (lend->kind != (uint8_t)kind || lend->rank > 15) {
        return view_fail(view, "%s has a lending node of kind %u, rank %u", view_name(view, object),
                         lend->kind, lend->rank);
    }
    if (kind == LEND_THREAD) {
        const struct thread *thread = object;

        own = thread->context;
        if (thread->waiting_on != NULL && !thread->lends_waiting) {
            plain = &thread->waiting_on->plain;
        } else if (thread->plain_on != NULL && check_inbox_of(view, &thread->inbox) == NULL) {
            plain = &thread->plain_on->plain;
        }
    }
    return check_edge(view, lend, plain, object) && check_top(view, lend, own, object);
}

static bool check_endpoint(struct view *view, const struct endpoint *endpoint)
{
    const struct thread *server = endpoint->server;
    bool lends =
        !queue_is_empty(&endpoint->lend.from) && server != NULL && server->home == endpoint->home;

    if (endpoint->lend.to != (lends ? &server->lend : NULL)) {
        return view_fail(view, "%s lends to %s", view_name(view, endpoint),
                         endpoint->lend.to == NULL ? "nobody" : "somebody it should not");
    }
    return true;
}

static bool check_notification(struct view *view, const struct notification *notification)
{
    const struct lend *to = notification->lend.to;

    if (to != NULL && (queue_is_empty(&notification->lend.from) || to->kind != LEND_THREAD)) {
        return view_fail(view, "%s lends, but nobody lends to it", view_name(view, notification));
    }
    if (notification->bound != NULL && notification->home != notification->bound->home) {
        return view_fail(view, "%s is of another core than who is bound to it",
                         view_name(view, notification));
    }
    return true;
}

/* --- Who runs ---------------------------------------------------------------------------------- */

static const struct thread *end_of_chain(const struct sched_context *context)
{
    const struct lend *lend = &context->owner->lend;

    for (uint32_t steps = 0; lend->to != NULL && steps < 64; steps++) {
        lend = lend->to;
    }
    return lend->kind == LEND_THREAD && lend->to == NULL ? thread_of(lend) : NULL;
}

/* When the core chose last, its group had nothing left. */
static bool was_held_up(const struct core *core, const struct sched_context *context)
{
    const struct sched_context *group = context->group;

    return group != NULL && !group->is_sliced &&
           group->refills[group->head].at_ns > core->charged_since_ns;
}

static bool check_dispatch(struct view *view, const struct core *core)
{
    const struct thread *current = core->current;
    const struct thread *should = NULL;
    uint32_t best = LEND_KEY_NONE;
    bool parks = false;

    if (host_is_poked(core)) {
        return true; /* it will choose anew before it resumes anybody */
    }
    VIEW_EACH(view, OBJECT_SCHED_CONTEXT, found)
    {
        const struct sched_context *context = found->object;

        if (context->core != core || !context->has_time || context->owner == NULL) {
            continue;
        }
        const struct thread *end = end_of_chain(context);

        if (end == NULL || end->state != THREAD_STATE_READY) {
            continue;
        }
        if (was_held_up(core, context)) {
            parks = parks || end->lend.top == context;
        } else if (key_of(context) < best || (key_of(context) == best && end == current)) {
            best = key_of(context);
            should = end;
        }
    }
    if (parks && current == NULL && core->armed_ns <= core->charged_since_ns) {
        return true; /* more to park than in one kernel entry: the timer comes at once */
    }
    if (should != current) {
        return view_fail(view, "%s (key %u) should run, but %s does", view_name(view, should), best,
                         view_name(view, current));
    }
    if (core->charged != (current == NULL ? NULL : current->lend.top)) {
        return view_fail(view, "%s runs, but %s is charged", view_name(view, current),
                         view_name(view, core->charged));
    }
    return true;
}

bool check_lending(struct view *view)
{
    VIEW_EACH(view, OBJECT_THREAD, found)
    {
        const struct thread *thread = found->object;

        if (!check_node(view, &thread->lend, thread, LEND_THREAD)) {
            return false;
        }
    }
    VIEW_EACH(view, OBJECT_ENDPOINT, found)
    {
        const struct endpoint *endpoint = found->object;

        if (!check_node(view, &endpoint->lend, endpoint, LEND_ENDPOINT) ||
            !check_endpoint(view, endpoint)) {
            return false;
        }
    }
    VIEW_EACH(view, OBJECT_NOTIFICATION, found)
    {
        const struct notification *notification = found->object;

        if (!check_node(view, &notification->lend, notification, LEND_NOTIFICATION) ||
            !check_notification(view, notification)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < host_core_count(); i++) {
        if (!check_dispatch(view, host_core(i))) {
            return false;
        }
    }
    return true;
}
