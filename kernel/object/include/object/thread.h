/* SPDX-License-Identifier: MIT */
/*
 * A flow of control. It has no priority of its own: it runs on the scheduling contexts that reach it.
 * Invariants: lend.to is set only while CALLING, FAULTED (queued or received, not deferred) or WAITING
 * with a loan; serving->served_by is this thread; ready.is_queued exactly if READY, lend.top is set, and not current.
 */
#pragma once

#include "arch/arch.h"
#include "cap/cap.h"
#include "object/lend.h"
#include "object/sched_context.h"
#include "object/timed.h"
#include "sched/ready.h"

struct cap_table;
struct core;
struct endpoint;
struct notification;
struct reply;
struct vspace;

struct thread {
    /* First: the entry code stores here. */
    struct arch_registers registers;

    struct arch_thread arch; /* FPU area and the like */

    /* Fixed at creation (rank: lend.rank). */
    bool has_fpu;

    struct core *home; /* where it runs and is queued; changed only while nothing hangs on it */

    uint8_t state;      /* enum thread_state */
    uint8_t fault;      /* enum fault: the last one */
    bool call_is_fault; /* the call in progress was made by the kernel in this thread's name */
    bool is_sweeping;   /* in the middle of a revoke or delete: see cap/revoke.c */
    uint64_t sweep_op;  /* which: its registers op and words[0] */
    uint64_t sweep_slot;
    struct cap *sweep_top; /* compared, never followed; NULL: it has gone */
    struct doomed doomed;  /* ring of the tables that it is emptying */
    bool caller_is_gone;   /* the call it served was cut short */
    bool lends_waiting;    /* WAITING in lend.from of the notification, not in plain */
    uint64_t fault_address;
    uint64_t fault_detail;
    uint64_t switches; /* times it was switched to from another context */

    struct lend lend;
    struct ready_node ready;

    /* The call it makes. */
    ns_t deadline_ns;
    struct timed timeout;          /* queued or not: see ipc/deadline.h */
    uint64_t call_badge;           /* of the capability called through */
    uint16_t call_rights;          /* of that capability */
    struct thread *served_by;      /* who has received it */
    struct reply *held_by;         /* or the reply object that holds it */
    struct endpoint *plain_on;     /* or where it is queued without lending: in its plain */
    struct thread *next_unsettled; /* list core->unsettled of its home */
    bool is_unsettled;

    /* The calls it serves. */
    struct thread *serving;
    struct reply *deferred; /* list through reply->next_deferred */
    struct endpoint
        *endpoints; /* list of those it is the server of, through endpoint->next_of_server */

    /* What it waits for in RECEIVING or WAITING. */
    struct endpoint *receiving_on;
    struct notification *waiting_on;
    uint64_t wait_mask;

    /* The kernel's references, embedded capabilities; the pointers are shortcuts, NULL if there is none. */
    struct cap table_cap;
    struct cap space_cap;
    struct cap handler_cap;
    struct cap buffer_cap;
    struct cap bound_cap; /* notification that ends receive */
    struct cap_table *table;
    struct vspace *space;
    struct msg_buffer *buffer; /* by the kernel's own alias */
    struct notification *bound;
    uint64_t bound_mask;

    struct sched_context *context; /* its own; NULL: passive */
};
