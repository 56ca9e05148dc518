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

/* Finds the node with the same key, or puts the node where it belongs and returns NULL. */
static struct queue_node *find_or_place(struct queue *queue, struct queue_node *node)
{
    struct queue_node **link = &queue->root;
    struct queue_node *parent = NULL;
    uint32_t bit = queue->key_bits;

    while (*link != NULL) {
        if ((*link)->key == node->key) {
            return *link;
        }
        parent = *link;
        bit--;
        link = &parent->child[node->key >> bit & 1u];
    }
    *link = node;
    lead(node, parent);
    return NULL;
}

void queue_insert(struct queue *queue, struct queue_node *node, uint64_t key)
{
    struct queue_node *leader;

    node->key = key;
    node->next = node;
    node->previous = node;
    node->is_queued = true;
    leader = find_or_place(queue, node);
    if (leader != NULL) {
        node->is_leader = false;
        node->previous = leader->previous;
        node->next = leader;
        leader->previous->next = node;
        leader->previous = node;
    }
}

/* The new leader takes over the old one's place in the tree. */
static void replace_leader(struct queue *queue, struct queue_node *old, struct queue_node *leader)
{
    *link_of(queue, old) = leader;
    leader->parent = old->parent;
    leader->is_leader = true;
    for (int side = 0; side < 2; side++) {
        leader->child[side] = old->child[side];
        if (leader->child[side] != NULL) {
            leader->child[side]->parent = leader;
        }
    }
    old->is_leader = false;
}

/* Any leaf below a leader may take its place: it shares the bits that lead there. */
static struct queue_node *leaf_below(struct queue_node *node)
{
    for (;;) {
        if (node->child[0] != NULL) {
            node = node->child[0];
        } else if (node->child[1] != NULL) {
            node = node->child[1];
        } else {
            return node;
        }
    }
}

void queue_remove(struct queue *queue, struct queue_node *node)
{
    node->is_queued = false;
    if (node->next != node) {
        node->previous->next = node->next;
        node->next->previous = node->previous;
        if (node->is_leader) {
            replace_leader(queue, node, node->next);
        }
    } else {
        struct queue_node *leaf = leaf_below(node);

        *link_of(queue, leaf) = NULL;
        if (leaf != node) {
            replace_leader(queue, node, leaf);
        }
    }
    queue_node_rest(node);
}

struct queue_node *queue_first(const struct queue *queue)
{
    struct queue_node *first = queue->root;
    struct queue_node *node = first;

    while (node != NULL) {
        if (node->key < first->key) {
            first = node;
        }
        node = node->child[0] != NULL ? node->child[0] : node->child[1];
    }
    return first;
}
