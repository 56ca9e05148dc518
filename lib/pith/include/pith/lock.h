/* SPDX-License-Identifier: MIT */
/*
 * Locks and condition variables between the threads of a program. A free lock is taken and given without
 * the kernel. Who finds it taken waits on its notification and names the holder, whom it lends its time:
 * a low holder runs with the priority of the highest that waits. Ranks must allow that: waiter above
 * notification, holder not above it. Where they do not, the wait lends nothing, and is counted.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"
#include "pith/object.h"

/* word: 0 is free, else the slot of the holder's thread capability, with LOCK_CONTENDED if some may wait. */
#define LOCK_CONTENDED 0x80000000u
#define LOCK_HOLDER_ANY 0x7fffffffu /* a holder without a thread capability */

struct lock {
    _Atomic uint32_t word;
    struct event event; /* none: only one thread uses it, so nobody ever waits */
    _Atomic uint32_t waits_without_lending;
};

/**
 * lock_create() - a lock for threads of ranks above @rank; holders are to be at most of @rank.
 * Errors: those of object_create(). lock_destroy() gives its memory back; nobody may use it then.
 */
MUST_CHECK err_t lock_create(struct lock *lock, uint32_t rank);
void lock_destroy(struct lock *lock);

/**
 * lock_acquire() - take the lock. A thread that holds it must not.
 * Errors: ERR_TIMED_OUT  the deadline passed first.
 *         ERR_CANCELLED  the wait was cut by who suspended this thread.
 */
MUST_CHECK err_t lock_acquire(struct lock *lock, ns_t deadline_ns);

/** lock_release() - give it to whoever comes first. */
void lock_release(struct lock *lock);

/* A condition variable: used with one lock, held around every call but create and destroy. */
struct condition {
    struct event event;
    cap_addr_t worker; /* the thread expected to signal, to lend time to; 0: none */
    uint32_t waiting;
    uint32_t granted; /* signals not taken yet; at most waiting */
};

/** condition_create() - @worker: a thread capability (right LEND) of rank at most @rank, or 0. */
MUST_CHECK err_t condition_create(struct condition *condition, uint32_t rank, cap_addr_t worker);
void condition_destroy(struct condition *condition);

/**
 * condition_wait() - give the lock up, wait for a signal, take the lock again, which is held on return.
 * Errors: ERR_TIMED_OUT  the deadline passed first.
 *         ERR_CANCELLED  as lock_acquire().
 */
MUST_CHECK err_t condition_wait(struct condition *condition, struct lock *lock, ns_t deadline_ns);

/** condition_signal() - wake one waiter; condition_broadcast() - wake all. */
void condition_signal(struct condition *condition);
void condition_broadcast(struct condition *condition);
