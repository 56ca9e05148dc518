/* SPDX-License-Identifier: MIT */
/* Helpers that parts of the checker lend to each other. */
#pragma once

#include "view.h"

/** How much memory the object of an original capability fills. */
uint64_t check_object_bytes(const struct cap *original);

/** Is it one of the machine's cores? */
bool check_is_core(const struct core *core);

/** In which core's inbox it is, NULL: in none. Known once check_inboxes() has run. */
const struct core *check_inbox_of(const struct view *view, const struct inbox_entry *entry);

/* See invariants_foreign_keep(). */
void foreign_keep(struct view *view, const struct core *core, bool all);
bool foreign_same(struct view *view);

enum { IN_QUEUE = 2000 }; /* value of a queued node's mark; its owner is the queue */

/** Order, rings; marks the nodes. */
bool check_queue(struct view *view, const struct queue *queue, const char *name);

/** True if the node of an object, marked as queued or not, is in just that queue (NULL: in none). */
bool check_in(struct view *view, const void *node, bool is_queued, const void *queue,
              const void *object);

/** True if the node is in just that queue (NULL: in none), and says so itself. */
bool check_in_queue(struct view *view, const struct queue_node *node, const struct queue *queue,
                    const void *object);
