/* SPDX-License-Identifier: MIT */
/*
 * A queue in order of priority, first in first out among equals: of lenders, of waiters. Smallest key first. Intrusive, never allocates.
 *
 * It is a list of the first of each key, its leader, each with a ring of its equals. To take a node out, or to put one in front of all others, takes the same
 * few steps always; to put one in takes one more for each other key before it, of which there are at most 256 (object/lend.h). A change of
 * priority that goes along a chain of lending takes no more of these in all its queues together: where the first of a queue falls behind others, it is
 * their first that the next queue goes by, and who comes to be first is put in front.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct queue_node {
    uint64_t key;
    struct queue_node *before; /* of a leader: those of the next smaller and larger key, or NULL */
    struct queue_node *after;
    struct queue_node *next; /* ring of equal keys, oldest first from the leader */
    struct queue_node *previous;
    bool is_queued;
};

struct queue {
    struct queue_node *first; /* NULL: it is empty */
};

static inline bool queue_is_empty(const struct queue *queue)
{
    return queue->first == (struct queue_node *)0;
}

/** queue_insert() - put a node that rests behind all others with its key. Borrows it until it is removed. */
void queue_insert(struct queue *queue, struct queue_node *node, uint64_t key);

/** Takes a node out; it must be in this queue. */
void queue_remove(struct queue *queue, struct queue_node *node);

/**
 * queue_node_rest() - the shape of a node that is in no queue: that of the only one of a queue. queue_remove() leaves a
 * node so.
 */
static inline void queue_node_rest(struct queue_node *node)
{
    node->before = (struct queue_node *)0;
    node->after = (struct queue_node *)0;
    node->next = node;
    node->previous = node;
}

/** queue_insert() of a node that rests and has its key, into an empty queue. */
static inline void queue_insert_only(struct queue *queue, struct queue_node *node)
{
    node->is_queued = true;
    queue->first = node;
}

/** Is node, and nothing else, in the queue? */
static inline bool queue_holds_only(const struct queue *queue, const struct queue_node *node)
{
    return queue->first == node && node->next == node && node->after == (struct queue_node *)0;
}

/** queue_remove() of the only node of a queue, which has the shape of one that rests. */
static inline void queue_remove_only(struct queue *queue, struct queue_node *node)
{
    node->is_queued = false;
    queue->first = (struct queue_node *)0;
}
