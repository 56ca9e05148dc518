/* SPDX-License-Identifier: MIT */
/*
 * A node of the forest along which time is lent (docs/kernel/design.md, "Threads, edges, and whose time
 * it is"). Invariants: node is in to->from exactly while to is set; its key is the priority of top, queued or not;
 * top is the better of own (if it has budget) and the top of the first of from; ranks fall along to.
 * Edges do not leave a core: top is a context of the core that the node's object has as home.
 */
#pragma once

#include "sched/queue.h"

struct sched_context;

enum lend_kind { LEND_THREAD, LEND_ENDPOINT, LEND_NOTIFICATION };

struct lend {
    struct queue_node node; /* first member: lend_of() */
    struct lend *to;
    struct queue from;
    struct sched_context *top; /* NULL: nobody with budget lends */
    uint8_t kind;
    uint8_t rank;
};

/* Keys of queues by priority: 0 is the highest priority, LEND_KEY_NONE stands for no context. */
#define LEND_KEY_NONE 256u
