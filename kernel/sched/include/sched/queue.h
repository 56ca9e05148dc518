/* SPDX-License-Identifier: MIT */
/*
 * A queue in order of a key, first in first out among equal keys: the one ordered structure of the
 * kernel (priorities, lenders, waiters, timers). Smallest key first. Intrusive, never allocates.
 *
 * It is a digital search tree: a node at depth d branches on bit d (from the highest) of the key, and
 * all nodes below it share the bits before. Nodes with a key that is already in the tree form a ring
 * behind the one in the tree, its leader. So no operation takes more steps than the key has bits.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct queue_node {
    uint64_t key;
    struct queue_node *parent;   /* of a leader; NULL: the root */
    struct queue_node *child[2]; /* of a leader */
    struct queue_node *next;     /* ring of equal keys, oldest first from the leader */
    struct queue_node *previous;
    bool is_queued;
    bool is_leader;
};

struct queue {
    struct queue_node *root;
    uint32_t key_bits; /* 1..64; keys are below 2^key_bits */
};

/** Makes an empty queue. */
static inline void queue_init(struct queue *queue, uint32_t key_bits)
{
    queue->root = (struct queue_node *)0;
    queue->key_bits = key_bits;
}

static inline bool queue_is_empty(const struct queue *queue)
{
    return queue->root == (struct queue_node *)0;
}

/**
 * queue_insert() - put a node behind all others with its key.
 * Borrows node until it is removed; it must not be in any queue. Cost: at most key_bits steps.
 */
void queue_insert(struct queue *queue, struct queue_node *node, uint64_t key);

/** Takes a node out; it must be in this queue. Cost: at most key_bits steps. */
void queue_remove(struct queue *queue, struct queue_node *node);

/** The first node, or NULL. Cost: at most key_bits steps; one if there is one node. */
struct queue_node *queue_first(const struct queue *queue);

/**
 * queue_node_rest() - the shape of a node that is in no queue: that of the only one of a queue. queue_remove() leaves a
 * node so, and queue_insert_only() wants one.
 */
static inline void queue_node_rest(struct queue_node *node)
{
    node->parent = (struct queue_node *)0;
    node->child[0] = (struct queue_node *)0;
    node->child[1] = (struct queue_node *)0;
    node->next = node;
    node->previous = node;
    node->is_leader = true;
}

/** queue_insert() of a node that rests and has its key, into an empty queue. */
static inline void queue_insert_only(struct queue *queue, struct queue_node *node)
{
    node->is_queued = true;
    queue->root = node;
}

/** Is node, and nothing else, in the queue? */
static inline bool queue_holds_only(const struct queue *queue, const struct queue_node *node)
{
    return queue->root == node && node->next == node && node->child[0] == (struct queue_node *)0 &&
           node->child[1] == (struct queue_node *)0;
}

/** queue_remove() of the only node of a queue, which has the shape of one that rests. */
static inline void queue_remove_only(struct queue *queue, struct queue_node *node)
{
    node->is_queued = false;
    queue->root = (struct queue_node *)0;
}

/** queue_remove(), quick if the node is alone. */
static inline void queue_take(struct queue *queue, struct queue_node *node)
{
    if (queue_holds_only(queue, node)) {
        queue_remove_only(queue, node);
    } else {
        queue_remove(queue, node);
    }
}
