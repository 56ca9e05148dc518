/* SPDX-License-Identifier: MIT */
/* The queue in order of priority: see sched/queue.h for the structure and its invariants. */
#include "sched/queue.h"

#include <stddef.h>

void queue_insert(struct queue *queue, struct queue_node *node, uint64_t key)
{
    struct queue_node **link = &queue->first;
    struct queue_node *before = NULL;
    struct queue_node *there;

    node->key = key;
    node->is_queued = true;
    while ((there = *link) != NULL && there->key < key) {
        before = there;
        link = &there->after;
    }
    if (there != NULL && there->key == key) {
        node->previous = there->previous;
        node->next = there;
        there->previous->next = node;
        there->previous = node;
        return;
    }
    node->before = before;
    node->after = there;
    *link = node;
    if (there != NULL) {
        there->before = node;
    }
}

void queue_remove(struct queue *queue, struct queue_node *node)
{
    struct queue_node **link = node->before != NULL ? &node->before->after : &queue->first;
    struct queue_node *heir = node->after;

    node->is_queued = false;
    if (node->next != node) {
        heir = node->next;
        heir->previous = node->previous;
        node->previous->next = heir;
    }
    if (*link == node) { /* a leader */
        *link = heir;
        if (heir != NULL) {
            heir->before = node->before;
        }
        if (heir != node->after) {
            heir->after = node->after;
            if (heir->after != NULL) {
                heir->after->before = heir;
            }
        }
    }
    queue_node_rest(node);
}
