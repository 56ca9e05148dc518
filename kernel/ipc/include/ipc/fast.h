/* SPDX-License-Identifier: MIT */
/*
 * The fast paths: the whole job, or false with nothing changed. See ipc/fast.c.
 *
 * Two marks say that most of what they would have to ask is so. Whoever changes any of it takes the mark away; it may be
 * missing although all is so.
 * endpoint->waiter: the server waits in receive at this endpoint, without a deadline, and nobody lends to it.
 * thread->replies_to: the thread serves the call of that one (no fault), runs on its time, and nobody else lends to the
 * thread.
 */
#pragma once

#include "ipc/ipc.h"
#include "object/thread.h"
#include "sched/queue.h"

MUST_CHECK bool ipc_call_fast(struct core *core, struct thread *caller, uint64_t addr);
MUST_CHECK bool ipc_reply_receive_fast(struct core *core, struct thread *server, uint64_t addr);

/** The server has begun to wait at the endpoint. */
static inline void waiter_mark(struct endpoint *endpoint, struct thread *server)
{
    if (server->deadline_ns == DEADLINE_NEVER && queue_is_empty(&server->lend.from)) {
        endpoint->waiter = server;
    }
}

/** The thread stops waiting at the endpoint. */
static inline void waiter_unmark(struct endpoint *endpoint)
{
    endpoint->waiter = (struct thread *)0;
}

/** The server has taken the caller's call. */
static inline void replies_to_mark(struct thread *caller, struct thread *server)
{
    if (!caller->call_is_fault && queue_holds_only(&server->lend.from, &caller->lend.node) &&
        server->lend.top == caller->lend.top) {
        server->replies_to = caller;
    }
}
