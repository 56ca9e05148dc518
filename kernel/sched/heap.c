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

/* In its place comes the earlier of its children, in the place of that the earlier of its own, and so on. */
void heap_remove(struct heap *heap, struct heap_node *node)
{
    struct heap_node *parent = node->parent;
    struct heap_node **link =
        parent == NULL ? &heap->first : &parent->child[parent->child[1] == node];
    struct heap_node *below[2] = { node->child[0], node->child[1] };

    node->is_queued = false;
    while (below[0] != NULL || below[1] != NULL) {
        uint32_t side = below[0] == NULL || (below[1] != NULL && below[1]->key < below[0]->key);
        struct heap_node *up = below[side];
        struct heap_node *other = below[!side];

        *link = up;
        up->parent = parent;
        below[0] = up->child[0];
        below[1] = up->child[1];
        child_set(up, !side, other);
        link = &up->child[side];
        parent = up;
    }
    *link = NULL;
}
