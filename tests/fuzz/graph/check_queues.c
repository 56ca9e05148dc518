/* SPDX-License-Identifier: MIT */
/*
 * The structure of every ordered queue (sched/queue.h) and heap of events (sched/heap.h). Marks each
 * node with what it is in, so that the other parts can compare with what the node's object believes.
 */
#include "check.h"

static bool check_node(struct view *view, const struct queue_node *node, const struct queue *queue)
{
    return (node->is_queued && node->next->previous == node &&
            view_put(view, node, IN_QUEUE, queue)) ||
           view_fail(view, "a node with key %llx is broken, or in two queues",
                     (unsigned long long)node->key);
}

static bool check_ring(struct view *view, const struct queue_node *leader,
                       const struct queue *queue)
{
    const struct queue_node *node = leader;

    do {
        if (!check_node(view, node, queue)) {
            return false;
        }
        if (node->key != leader->key ||
            (node != leader && (node->before != NULL || node->after != NULL))) {
            return view_fail(view, "the ring of key %llx is broken",
                             (unsigned long long)leader->key);
        }
        node = node->next;
    } while (node != leader);
    return true;
}

bool check_queue(struct view *view, const struct queue *queue, const char *name)
{
    const struct queue_node *before = NULL;

    for (const struct queue_node *node = queue->first; node != NULL; node = node->after) {
        if (node->before != before || (before != NULL && before->key >= node->key) ||
            !check_ring(view, node, queue)) {
            return view_fail(view, "the queue %s is out of order at key %llx", name,
                             (unsigned long long)node->key);
        }
        before = node;
    }
    return true;
}

/* What is below a node, or all; no place is deeper than the number of those ever put in has bits. */
static bool check_heap_below(struct view *view, const struct heap *heap,
                             const struct heap_node *parent, uint32_t depth)
{
    for (uint32_t side = 0; side < 2; side++) {
        const struct heap_node *node = parent == NULL ? heap->first : parent->child[side];

        if (node == NULL) {
            continue;
        }
        if (!node->is_queued || node->parent != parent ||
            (parent != NULL && node->key < parent->key) || !view_put(view, node, IN_QUEUE, heap)) {
            return view_fail(view, "the heap of timers is broken at key %llx",
                             (unsigned long long)node->key);
        }
        if (depth != 0 && heap->inserted >> (depth - 1) == 0) {
            return view_fail(view, "the heap of timers is too deep");
        }
        if (!check_heap_below(view, heap, node, depth + 1)) {
            return false;
        }
        if (parent == NULL) {
            break;
        }
    }
    return true;
}

/* One list of the ready queue: a ring, first in first out. */
static bool check_ready_list(struct view *view, const struct ready_queue *queue, uint32_t key)
{
    const struct ready_node *first = queue->first[key];
    const struct ready_node *node = first;

    if ((queue->bitmap[key / 64] >> key % 64 & 1u) != (first != NULL)) {
        return view_fail(view, "the ready queue's bit for key %u is wrong", key);
    }
    while (node != NULL) {
        if (!node->is_queued || node->key != key || node->next->previous != node ||
            !view_put(view, node, IN_QUEUE, queue)) {
            return view_fail(view, "in the ready queue a node with key %u is broken", key);
        }
        node = node->next == first ? NULL : node->next;
    }
    return true;
}

static bool check_ready_queue(struct view *view, const struct ready_queue *queue)
{
    for (uint32_t key = 0; key < READY_KEYS; key++) {
        if (!check_ready_list(view, queue, key)) {
            return false;
        }
    }
    return true;
}

bool check_in_queue(struct view *view, const struct queue_node *node, const struct queue *queue,
                    const void *object)
{
    return check_in(view, node, node->is_queued, queue, object);
}

bool check_in(struct view *view, const void *node, bool is_queued, const void *queue,
              const void *object)
{
    const struct view_entry *entry = view_get(view, node);
    const void *in = entry == NULL ? NULL : entry->owner;

    if (in != queue || is_queued != (queue != NULL)) {
        return view_fail(view, "%s should %sbe queued, but is %s", view_name(view, object),
                         queue == NULL ? "not " : "",
                         in == queue  ? "marked otherwise"
                         : in == NULL ? "not"
                                      : "in another queue");
    }
    return true;
}

bool check_is_core(const struct core *core)
{
    for (uint32_t i = 0; i < host_core_count(); i++) {
        if (core == host_core(i)) {
            return true;
        }
    }
    return false;
}

bool check_queues(struct view *view)
{
    for (uint32_t i = 0; i < host_core_count(); i++) {
        const struct core *core = host_core(i);

        if (core->woken != NULL && !host_is_poked(core)) {
            return view_fail(view, "a woken thread was forgotten");
        }
        if (!check_ready_queue(view, &core->ready)) {
            return false;
        }
        for (uint32_t band = 0; band < TIMER_BANDS; band++) {
            if (!check_heap_below(view, &core->timers[band], NULL, 0)) {
                return false;
            }
        }
    }
    VIEW_EACH(view, OBJECT_THREAD, found)
    {
        if (!check_queue(view, &((struct thread *)found->object)->lend.from,
                         "of lenders to a thread")) {
            return false;
        }
    }
    VIEW_EACH(view, OBJECT_ENDPOINT, found)
    {
        struct endpoint *endpoint = found->object;

        if (!check_queue(view, &endpoint->lend.from, "of lending callers") ||
            !check_queue(view, &endpoint->plain, "of callers")) {
            return false;
        }
    }
    VIEW_EACH(view, OBJECT_NOTIFICATION, found)
    {
        struct notification *notification = found->object;

        if (!check_queue(view, &notification->lend.from, "of lending waiters") ||
            !check_queue(view, &notification->plain, "of waiters")) {
            return false;
        }
    }
    return true;
}
