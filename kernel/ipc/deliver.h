/* SPDX-License-Identifier: MIT */
/* Handing a call to the thread that will serve it: shared by calling and receiving. Private to ipc. */
#pragma once

#include <stddef.h>

#include "ipc/fast.h"
#include "sched/sched.h"

/**
 * deliver_call() - put the caller's message, or its fault, into the server's registers.
 * On an error nothing has changed. The caller must still be given its edge to the server.
 */
MUST_CHECK err_t deliver_call(struct thread *caller, struct thread *server);

/** The server holds the caller's call from now on: the edge, and both sides' fields. */
void serve_begin(struct core *core, struct thread *caller, struct thread *server);

/** What a caller has sent cannot be delivered: it hears of it, on whatever core it is. */
void call_refuse(struct core *core, struct thread *caller, err_t err);

/** What a caller is told is in its registers: it goes on, on whatever core it is, or stays INACTIVE. Whoever held its call has it no longer. */
void call_end(struct core *core, struct thread *caller, bool goes_on);

/** The server has a call or bits and goes on: leaves RECEIVING. Its time-out is off. */
void receive_end(struct core *core, struct thread *server);

/** As serve_begin() and receive_end(), of a server that is the endpoint's waiter: the caller is then all that reaches it. */
static inline void serve_only(struct endpoint *endpoint, struct thread *caller,
                              struct thread *server)
{
    caller->served_by = server;
    caller->lend.to = &server->lend;
    queue_insert_only(&server->lend.from, &caller->lend.node);
    server->lend.node.key = caller->lend.node.key;
    server->lend.top = caller->lend.top;
    server->serving = caller;
    server->replies_to = caller->call_is_fault ? NULL : caller;
    server->receiving_on = NULL;
    endpoint->waiter = NULL;
}

/** The way back, if nobody else lends to the server: it has its own time again, and the caller is as if it had never called. */
static inline void serve_end_only(struct thread *caller, struct thread *server)
{
    struct sched_context *own = server->context;

    queue_remove_only(&server->lend.from, &caller->lend.node);
    lend_top_set(&server->lend, own != NULL && own->has_time ? own : NULL);
    caller->lend.to = NULL;
    server->replies_to = NULL;
}

/** The thread goes on with the context that runs. */
static inline void go_on(struct core *core, struct thread *thread)
{
    thread->state = THREAD_STATE_READY;
    core->current = thread;
    core_enter_thread(core, thread);
}
