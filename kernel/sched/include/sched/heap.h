/* SPDX-License-Identifier: MIT */
/*
 * Events in order of time: the earliest first, in no order among equals. Intrusive, never allocates.
 *
 * It is a tree with the smallest key of each part at its root. Where a new node makes it longer is told by the bits, from the lowest, of how many were put in
 * before: so those put in one after the other go to all sides. No place is deeper than the number of all that were ever put in has bits, whatever their
 * keys are and whichever were taken out.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct heap_node {
    uint64_t key;
    struct heap_node *parent; /* NULL: the first */
    struct heap_node *child[2];
    bool is_queued;
};

struct heap {
    struct heap_node *first; /* NULL: it is empty */
    uint64_t inserted;
};

/** Puts a node in, which is in no heap. Borrows it until it is removed. */
void heap_insert(struct heap *heap, struct heap_node *node, uint64_t key);

/** Takes a node out; it must be in this heap. */
void heap_remove(struct heap *heap, struct heap_node *node);
