/* SPDX-License-Identifier: MIT */
/*
 * The structure of every ordered queue (sched/queue.h): keys, rings, bits shared below a node. Marks each
 * node with its queue, so that the other parts can compare with what the node's object believes.
 */
#include "check.h"

struct walk {
    struct view *view;
    const struct queue *queue;
    const char *name;
};

static bool check_node(const struct walk *walk, const struct queue_node *node, uint64_t key)
{
    if (!node->is_queued || node->key != key || node->next->previous != node) {
        return view_fail(walk->view, "in the queue %s a node with key %llx is broken", walk->name,
                         (unsigned long long)key);
    }
    return view_put(walk->view, node, IN_QUEUE, walk->queue) ||
           view_fail(walk->view, "a node in the queue %s is in two queues", walk->name);
}

static bool check_ring(const struct walk *walk, const struct queue_node *leader)
{
    const struct queue_node *node = leader;

    do {
        if (!check_node(walk, node, leader->key)) {
            return false;
        }
        if (node->is_leader != (node == leader)) {
            return view_fail(walk->view, "a ring in the queue %s has not one leader", walk->name);
        }
        node = node->next;
    } while (node != leader);
    return true;
}

static bool check_subtree(const struct walk *walk, const struct queue_node *node,
                          const struct queue_node *parent, uint32_t bits_left, uint64_t prefix)
{
    if (node == NULL) {
        return true;
    }
    if (node->parent != parent || (bits_left < 64 && node->key >> bits_left != prefix)) {
        return view_fail(walk->view, "the tree of the queue %s is out of order at key %llx",
                         walk->name, (unsigned long long)node->key);
    }
    if (!check_ring(walk, node)) {
        return false;
    }
    if (bits_left == 0) {
        return (node->child[0] == NULL && node->child[1] == NULL) ||
               view_fail(walk->view, "the queue %s is too deep", walk->name);
    }
    uint64_t below = bits_left == 64 ? 0 : prefix << 1;

    return check_subtree(walk, node->child[0], node, bits_left - 1, below) &&
           check_subtree(walk, node->child[1], node, bits_left - 1, below | 1);
}

bool check_queue(struct view *view, const struct queue *queue, uint32_t key_bits, const char *name)
{
    struct walk walk = { view, queue, name };

    if (queue->key_bits != key_bits) {
        return view_fail(view, "the queue %s has keys of %u bits", name, queue->key_bits);
    }
    return check_subtree(&walk, queue->root, NULL, key_bits, 0);
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
            if (!check_queue(view, &core->timers[band], 64, "of timers")) {
                return false;
            }
        }
    }
    VIEW_EACH(view, OBJECT_THREAD, found)
    {
        if (!check_queue(view, &((struct thread *)found->object)->lend.from, LEND_KEY_BITS,
                         "of lenders to a thread")) {
            return false;
        }
    }
    VIEW_EACH(view, OBJECT_ENDPOINT, found)
    {
        struct endpoint *endpoint = found->object;

        if (!check_queue(view, &endpoint->lend.from, LEND_KEY_BITS, "of lending callers") ||
            !check_queue(view, &endpoint->plain, LEND_KEY_BITS, "of callers")) {
            return false;
        }
    }
    VIEW_EACH(view, OBJECT_NOTIFICATION, found)
    {
        struct notification *notification = found->object;

        if (!check_queue(view, &notification->lend.from, LEND_KEY_BITS, "of lending waiters") ||
            !check_queue(view, &notification->plain, LEND_KEY_BITS, "of waiters")) {
            return false;
        }
    }
    return true;
}
