/* SPDX-License-Identifier: MIT */
/* Events in order of time: see sched/heap.h for the structure and its invariants. */
#include "sched/heap.h"

#include <stddef.h>

static void child_set(struct heap_node *node, uint32_t side, struct heap_node *child)
{
    node->child[side] = child;
    if (child != NULL) {
        child->parent = node;
    }
}

/* Whom it meets with a larger key goes on in its place. */
void heap_insert(struct heap *heap, struct heap_node *node, uint64_t key)
{
    struct heap_node **link = &heap->first;
    struct heap_node *parent = NULL;

    node->key = key;
    node->is_queued = true;
    for (uint64_t path = heap->inserted++; *link != NULL; path >>= 1) {
        struct heap_node *there = *link;

        if (there->key > node->key) {
            *link = node;
            node->parent = parent;
            child_set(node, 0, there->child[0]);
            child_set(node, 1, there->child[1]);
            node = there;
        }
        parent = *link;
        link = &parent->child[path & 1];
    }
    *link = node;
    node->parent = parent;
    node->child[0] = NULL;
    node->child[1] = NULL;
}

/*
 * In its place comes the earlier of its children, in the place of that the earlier of its own, and so on: the place that is free in the end is one
 * below which there is none.
 */
void heap_remove(struct heap *heap, struct heap_node *node)
{
    struct heap_node *parent = node->parent;
    struct heap_node **link =
        parent == NULL ? &heap->first : &parent->child[parent->child[1] == node];
    struct heap_node *left = node->child[0];
    struct heap_node *right = node->child[1];

    node->is_queued = false;
    while (left != NULL || right != NULL) {
        uint32_t side = left == NULL || (right != NULL && right->key < left->key);
        struct heap_node *up = side == 0 ? left : right;
        struct heap_node *other = side == 0 ? right : left;

        *link = up;
        up->parent = parent;
        left = up->child[0];
        right = up->child[1];
        child_set(up, !side, other);
        link = &up->child[side];
        parent = up;
    }
    *link = NULL;
}
