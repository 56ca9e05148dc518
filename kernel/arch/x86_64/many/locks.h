/* SPDX-License-Identifier: MIT */
/*
 * A core's own lock, and all of them (docs/locking.md).
 * Order: nobody who holds a lock waits for the lock of all; who has that takes the cores' in the order of their numbers.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/core.h"
#include "many/lock_marks.h"

/* Acquire: pairs with the release in lock_give(). */
static inline bool lock_try(_Atomic bool *lock)
{
    return !atomic_load_explicit(lock, memory_order_relaxed) &&
           !atomic_exchange_explicit(lock, true, memory_order_acquire);
}

static inline void lock_give(_Atomic bool *lock)
{
    /* Release: pairs with the acquire in lock_try(). */
    atomic_store_explicit(lock, false, memory_order_release);
}

static inline bool own_try(struct core *core)
{
    if (!lock_try(&core->arch.own_lock)) {
        return false;
    }
    LOCK_MARK_NOP(LOCK_HAS_OWN);
    return true;
}

/* Who has all and waits for this lock interrupted this core: it does not take it before him. */
static inline bool own_try_unwanted(struct core *core)
{
    return !atomic_load_explicit(&core->arch.is_wanted, memory_order_relaxed) && own_try(core);
}

static inline void own_give(struct core *core)
{
    LOCK_MARK(LOCK_GIVES_OWN);
    lock_give(&core->arch.own_lock);
}

/* The registers of the thread that ran are in it. In all three others may do anything to it before the lock is had. */
/** Waits for the own lock while somebody has all. */
void own_take(struct core *core);
/** From the own lock to all. */
void own_widen(struct core *core);
/** Takes them, and does what is in all inboxes. */
void all_take(struct core *core);
void all_give(struct core *core);
