/* SPDX-License-Identifier: MIT */
/*
 * Messages between threads. Every function is a step of one kernel entry; a thread that has to wait is
 * left in a waiting state, and core->must_dispatch is set. Results go to the registers of whom they concern.
 */
#pragma once

#include "core/core.h"
#include "object/ipc_objects.h"

/* The system calls. On an error nothing has changed and the caller goes on. */
MUST_CHECK err_t ipc_call(struct core *core, struct thread *caller, struct cap *target);
MUST_CHECK err_t ipc_receive(struct core *core, struct thread *server, uint64_t addr);
MUST_CHECK err_t ipc_reply(struct core *core, struct thread *server, uint64_t addr);
MUST_CHECK err_t ipc_reply_receive(struct core *core, struct thread *server, uint64_t addr);
MUST_CHECK err_t notification_wait(struct core *core, struct thread *thread, struct cap *target);
MUST_CHECK err_t notification_poll(struct core *core, struct thread *thread, struct cap *target);

/** Sets bits; wakes the first waiter, or the bound thread. */
void notification_signal(struct core *core, struct notification *notification, uint64_t bits);

/**
 * Sends a fault as a call in the thread's name, or leaves it INACTIVE if it has no handler.
 * The fault is recorded in the thread either way.
 */
void ipc_fault(struct core *core, struct thread *thread, const struct arch_fault *fault);

/** The server holds the caller's call from now on: the edge, and both sides' fields. */
void serve_begin(struct core *core, struct thread *caller, struct thread *server);

/** A call from another core, whose caller waits there, has come to this one: core/inbox.h. */
void ipc_call_arrives(struct core *core, struct thread *caller);

/** Ends whatever the thread waits for: edges cut, queues left. Its state is INACTIVE afterwards. */
void ipc_cut(struct core *core, struct thread *thread);

/** As ipc_cut(), and who holds the thread's call will hear CALLER_GONE. */
void ipc_abandon(struct core *core, struct thread *thread);

/** ipc_abandon(), then the thread goes on with an error; a faulted thread stays INACTIVE. */
void ipc_fail(struct core *core, struct thread *thread, err_t err);

/* Endpoints. */
void endpoint_init(struct endpoint *endpoint, struct core *home, uint32_t rank);
void endpoint_server_set(struct core *core, struct endpoint *endpoint, struct thread *server);
/** Fails the first queued caller; false if there is none. */
bool endpoint_fail_first(struct core *core, struct endpoint *endpoint, err_t err);
/** Joins the queue of an endpoint, where it lends if its core allows: keeps the endpoint's home and edge right. */
void endpoint_enqueue(struct core *core, struct endpoint *endpoint, struct thread *caller);
/** The queued caller that is the next to be served, or NULL. */
struct thread *endpoint_first(const struct endpoint *endpoint);

static inline bool endpoint_is_idle(const struct endpoint *endpoint)
{
    return queue_is_empty(&endpoint->lend.from) &&
           (ARCH_CORES == 1 || queue_is_empty(&endpoint->plain));
}

/** Leaves the queue of an endpoint: keeps the endpoint's own edge right. */
void endpoint_dequeue(struct core *core, struct endpoint *endpoint, struct thread *caller);

/* Notifications. */
void notification_init(struct notification *notification, struct core *home, uint32_t rank);
void notification_dequeue(struct core *core, struct thread *waiter);
/** The first of those who wait; NULL: nobody. */
struct thread *notification_waiter(const struct notification *notification);
bool notification_fail_first(struct core *core, struct notification *notification, err_t err);

/* Reply objects. */
void reply_release(struct reply *reply);

/** Copies words 0..7, the rest and capabilities. Errors: NO_SLOT, NO_BUFFER, those of cap_may_derive(), BAD_CAP. */
MUST_CHECK err_t message_transfer(struct thread *from, struct thread *to, msg_info_t *info,
                                  bool may_grant);

static inline struct endpoint *endpoint_of_lend(struct lend *lend)
{
    return (struct endpoint *)(void *)lend; /* first member */
}
