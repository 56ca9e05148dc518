/* SPDX-License-Identifier: MIT */
/*
 * The ready queue: one list for each of 256 priorities, first in first out, and a bitmap of those that are not
 * empty. Every operation takes the same few steps. Keys are as in object/lend.h: 0 is the highest priority.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define READY_KEYS 256u
#define READY_KEY_NONE READY_KEYS

struct ready_node {
    struct ready_node *next; /* a ring for each key */
    struct ready_node *previous;
    uint32_t key;
    bool is_queued;
};

/* Invariant: bit k of the bitmap is set exactly if first[k] is not NULL. */
struct ready_queue {
    uint64_t bitmap[READY_KEYS / 64];
    struct ready_node *first[READY_KEYS];
};

/** Puts a node behind all others of its key. */
static inline void ready_insert(struct ready_queue *queue, struct ready_node *node, uint64_t key)
{
    struct ready_node *first = queue->first[key];

    node->key = (uint32_t)key;
    node->is_queued = true;
    if (first == (struct ready_node *)0) {
        node->next = node;
        node->previous = node;
        queue->first[key] = node;
        queue->bitmap[key / 64] |= 1ull << key % 64;
        return;
    }
    node->next = first;
    node->previous = first->previous;
    first->previous->next = node;
    first->previous = node;
}

/** As ready_insert(), but before all others of its key. */
static inline void ready_insert_first(struct ready_queue *queue, struct ready_node *node,
                                      uint64_t key)
{
    ready_insert(queue, node, key);
    queue->first[key] = node;
}

/** The node is in the queue. */
static inline void ready_remove(struct ready_queue *queue, struct ready_node *node)
{
    uint32_t key = node->key;

    node->is_queued = false;
    if (node->next == node) {
        queue->first[key] = (struct ready_node *)0;
        queue->bitmap[key / 64] &= ~(1ull << key % 64);
        return;
    }
    node->previous->next = node->next;
    node->next->previous = node->previous;
    if (queue->first[key] == node) {
        queue->first[key] = node->next;
    }
}

/** A node takes the place of the first of a key, behind all others of it. */
static inline void ready_rotate(struct ready_queue *queue, struct ready_node *first,
                                struct ready_node *node)
{
    struct ready_node *next = first->next;

    first->is_queued = false;
    node->key = first->key;
    node->is_queued = true;
    if (next == first) {
        next = node;
        node->previous = node;
    } else {
        node->previous = first->previous;
        node->previous->next = node;
        next->previous = node;
    }
    node->next = next;
    queue->first[node->key] = next;
}

/** The smallest key in the queue, or READY_KEY_NONE. */
static inline uint32_t ready_first_key(const struct ready_queue *queue)
{
#pragma GCC unroll 4
    for (uint32_t word = 0; word < READY_KEYS / 64; word++) {
        if (queue->bitmap[word] != 0) {
            return word * 64 + (uint32_t)__builtin_ctzll(queue->bitmap[word]);
        }
    }
    return READY_KEY_NONE;
}
