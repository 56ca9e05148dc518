/* SPDX-License-Identifier: MIT */
/* Endpoints, reply objects, notifications: where threads meet. */
#pragma once

#include "cap/cap.h"
#include "object/inbox_entry.h"
#include "object/lend.h"

struct core;
struct thread;
struct timer;

/*
 * Queued callers that lend are in lend.from, the others in plain; both in priority order.
 * Invariants: home is that of all callers in lend.from, and no other caller is there; if there are none, that of who last served it; lend.to is the server's
 * node exactly while lend.from is not empty and there is a server with that home that is not destroyed.
 * waiter is the server or NULL; if it is set, a call may go straight to it (ipc/fast.h).
 */
struct endpoint {
    struct lend lend;
    struct queue plain;
    struct core *home;               /* changed with all locks only */
    struct thread *server;           /* borrowed: a thread leaves its endpoints before it dies */
    struct thread *waiter;           /* the same, or NULL */
    struct endpoint *next_of_server; /* list server->endpoints */
    struct endpoint *previous_of_server;
    bool lender_was_last; /* the last to be served from a queue lent: of equals the other is next */
};

/*
 * Invariants: caller->held_by is this object; it is in server->deferred exactly while caller is set, and then home is the server's;
 * caller->is_away tells whether it is the caller's, too.
 */
struct reply {
    struct core
        *home; /* of the last who deferred (NULL: nobody has); changed with all locks only */
    struct thread *caller;
    struct thread *server; /* who deferred */
    struct reply *next_deferred;
    struct reply *previous_deferred;
    bool caller_is_gone;
};

/*
 * Waiters that lend are in lend.from, the others in plain; both in priority order.
 * Invariants: while there are waiters, bits & wait_mask is 0 and nothing is bound; lend.to is the thread
 * that the lenders lend to, set only while lend.from is not empty. home is that of all in lend.from, of
 * whom they lend to, and of who is bound; else that of the last to wait or to look.
 */
struct notification {
    struct lend lend;
    struct queue plain;
    struct core *home; /* changed with all locks only */
    uint64_t bits;
    _Atomic uint64_t incoming; /* sent by another core, and in the inbox of this one */
    struct inbox_entry inbox;
    uint64_t wait_mask;    /* of all present waiters */
    struct thread *bound;  /* its bound_cap is embedded */
    struct timer *ticking; /* list of its timers with a period: object/device_objects.h */
};
