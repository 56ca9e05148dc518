/* SPDX-License-Identifier: MIT */
/* The ordered queue: see sched/queue.h for the structure and its invariants. */
#include "sched/queue.h"

#include <stddef.h>

static struct queue_node **link_of(struct queue *queue, const struct queue_node *node)
{
    if (node->parent == NULL) {
        return &queue->root;
    }
    return &node->parent->child[node->parent->child[1] == node];
}

static void lead(struct queue_node *node, struct queue_node *parent)
{
    node->parent = parent;
    node->child[0] = NULL;
    node->child[1] = NULL;
    node->is_leader = true;
}

/* Takes over the other's place in the tree. */
static void replace(struct queue_node **link, struct queue_node *old, struct queue_node *node)
{
    *link = node;
    node->parent = old->parent;
    node->is_leader = true;
    for (int side = 0; side < 2; side++) {
        node->child[side] = old->child[side];
        if (node->child[side] != NULL) {
            node->child[side]->parent = node;
        }
    }
}

/* Finds the node with the same key, or puts the node where it belongs and returns NULL; whom it meets with a higher key moves down in its place. */
static struct queue_node *find_or_place(struct queue *queue, struct queue_node *node)
{
    struct queue_node **link = &queue->root;
    struct queue_node *parent = NULL;
    uint32_t bit = queue->key_bits;

    while (*link != NULL) {
        struct queue_node *there = *link;

        if (there->key == node->key) {
            return there;
        }
        if (there->key > node->key) {
            replace(link, there, node);
            node = there;
        }
        parent = *link;
        bit--;
        link = &parent->child[node->key >> bit & 1u];
    }
    *link = node;
    lead(node, parent);
    return NULL;
}

static bool prepare(struct queue *queue, struct queue_node *node, uint64_t key,
                    struct queue_node **leader)
{
    node->key = key;
    node->next = node;
    node->previous = node;
    node->is_queued = true;
    *leader = find_or_place(queue, node);
    return *leader != NULL;
}

void queue_insert(struct queue *queue, struct queue_node *node, uint64_t key)
{
    struct queue_node *leader;

    if (prepare(queue, node, key, &leader)) {
        node->is_leader = false;
        node->previous = leader->previous;
        node->next = leader;
        leader->previous->next = node;
        leader->previous = node;
    }
}

void queue_insert_first(struct queue *queue, struct queue_node *node, uint64_t key)
{
    struct queue_node *leader;

    if (prepare(queue, node, key, &leader)) {
        node->previous = leader->previous;
        node->next = leader;
        leader->previous->next = node;
        leader->previous = node;
        replace(link_of(queue, leader), leader, node);
        leader->is_leader = false;
    }
}

/* In its place comes the smaller of its children, in the place of that the smaller of its own, and so on. */
static void leave(struct queue *queue, const struct queue_node *node)
{
    struct queue_node **link = link_of(queue, node);
    struct queue_node *parent = node->parent;
    struct queue_node *below[2] = { node->child[0], node->child[1] };

    while (below[0] != NULL || below[1] != NULL) {
        int side = below[0] == NULL || (below[1] != NULL && below[1]->key < below[0]->key);
        struct queue_node *up = below[side];
        struct queue_node *other = below[!side];

        *link = up;
        up->parent = parent;
        below[0] = up->child[0];
        below[1] = up->child[1];
        up->child[!side] = other;
        if (other != NULL) {
            other->parent = up;
        }
        link = &up->child[side];
        parent = up;
    }
    *link = NULL;
}

void queue_remove(struct queue *queue, struct queue_node *node)
{
    node->is_queued = false;
    if (node->next != node) {
        node->previous->next = node->next;
        node->next->previous = node->previous;
        if (node->is_leader) {
            replace(link_of(queue, node), node, node->next);
        }
    } else {
        leave(queue, node);
    }
    queue_node_rest(node);
}
