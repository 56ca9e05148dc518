/* SPDX-License-Identifier: MIT */
/*
 * A flow of control. It has no priority of its own: it runs on the scheduling contexts that reach it.
 * Invariants: lend.to is set only while CALLING, FAULTED (queued or received, not deferred) or WAITING
 * with a loan; serving->served_by is this thread; ready.is_queued exactly if READY, lend.top is set, and not current.
 * replies_to is serving or NULL; if it is set, a reply may go straight to it (ipc/fast.h).
 */
#pragma once

#include "arch/arch.h"
#include "cap/cap.h"
#include "object/inbox_entry.h"
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

    /* Which system calls are native: those with native_start <= rip behind the instruction, less than native_bytes above it. All: 0, UINT64_MAX. */
    uint64_t native_start;
    uint64_t native_bytes;

    /* What the fast paths touch, close together; described below with what it belongs to. */
    uint8_t state;      /* enum thread_state; the fast paths write it and the next at once */
    bool call_is_fault; /* the call in progress was made by the kernel in this thread's name */
    bool has_fpu;       /* fixed at creation, as lend.rank is */
    struct cap_table *table;
    struct vspace *space;
    struct msg_buffer *buffer; /* by the kernel's own alias */
    struct notification *bound;
    uint64_t bound_mask;
    struct sched_context *context; /* its own; NULL: passive */
    struct lend lend;
    ns_t deadline_ns;          /* of the call it makes, or of its wait */
    struct timed timeout;      /* queued or not: see ipc/deadline.h */
    struct thread *served_by;  /* who has received the call it makes */
    struct thread *serving;    /* whose call it has received */
    struct thread *replies_to; /* the same, or NULL */
    struct endpoint *receiving_on;
    uint64_t wait_mask;

    struct core *home; /* where it runs and is queued; changed only while nothing hangs on it */

    /* Where it goes on after other system calls, and faults (1 << kind) outside of the range; changed while INACTIVE only, but for frame. */
    struct foreign_frame *foreign_frame; /* by the kernel's own alias */
    uint64_t foreign_entry;
    uint64_t foreign_stack;
    uint32_t reflects;

    uint8_t fault;       /* enum fault: the last one */
    bool caller_is_gone; /* the call it served was cut short */
    bool lends_waiting;  /* WAITING in lend.from of the notification, not in plain */
    bool is_sweeping;    /* in the middle of a revoke or delete: see cap/revoke.c */
    uint64_t sweep_op;   /* which: its registers op and words[0] */
    uint64_t sweep_slot;
    struct cap *sweep_top; /* compared, never followed; NULL: it has gone */
    struct doomed doomed;  /* ring of the tables that it is emptying */
    uint64_t fault_address;
    uint64_t fault_detail;
    uint64_t switches; /* times it was switched to from another context */

    union {
        struct ready_node ready;
        /* Of its call, on the way to another core or back: it is not ready then. */
        struct inbox_entry inbox;
    };

    /* The call it makes, beside deadline_ns, timeout and served_by. */
    uint64_t call_badge;  /* of the capability called through, until the call is received */
    uint16_t call_rights; /* of that capability */
    bool is_unsettled;    /* in the list of next_unsettled */
    bool
        is_away; /* with another core; what reaches this thread changes with all locks only until it is back */
    bool bits_were_last;   /* what it received last, of bits and queued calls: the other is next */
    struct reply *held_by; /* the reply object that holds it */
    struct endpoint
        *plain_on; /* or where it is queued without lending, in its plain, or on its way to */
    struct thread *next_unsettled; /* list core->unsettled of its home */
    /* List core->behind of its home, and what refers to it there; NULL: it is not in it. */
    struct thread *next_behind;
    struct thread **behind_link;

    /* The calls it serves, beside serving. */
    struct reply *deferred; /* list through reply->next_deferred */
    struct endpoint
        *endpoints; /* list of those it is the server of, through endpoint->next_of_server */

    /* What it waits for in WAITING; in RECEIVING it is receiving_on. wait_mask is of both. */
    struct notification *waiting_on;

    /* The kernel's references, embedded capabilities; table, space, buffer, bound and foreign_frame are shortcuts, NULL if there is none. */
    struct cap table_cap;
    struct cap space_cap;
    struct cap handler_cap;
    struct cap buffer_cap;
    struct cap frame_cap;
    struct cap bound_cap; /* notification that ends receive */

    struct arch_thread arch; /* FPU area and the like */
};

/** What a system call of the thread brings back, beside words. */
static inline void thread_answer(struct thread *thread, err_t err, msg_info_t info, uint64_t bits)
{
    thread->registers.op = (uint64_t)err;
    thread->registers.info = info;
    thread->registers.time = 0;
    thread->registers.bits = bits;
}

/** Is a system call whose instruction is there one of the kernel's? Of all entries, fast.S and entry.S ask this. */
static inline bool thread_is_native_at(const struct thread *thread, uint64_t ip)
{
    return ip + ARCH_SYSCALL_BYTES - thread->native_start < thread->native_bytes;
}
