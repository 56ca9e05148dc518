/* SPDX-License-Identifier: MIT */
/*
 * What a core is sent by others, who have their own locks only (docs/locking.md, "Inboxes"): signals, calls that come to it, calls of its own threads
 * that come back. An entry lies in what it is about; sending allocates nothing and waits for nobody. A core does what is in its inbox before it leaves
 * the kernel; whoever takes all locks does it for all cores first, so with all locks every inbox is empty. For several cores only.
 */
#pragma once

#include "core/core.h"
#include "sched/sched.h"

struct endpoint;
struct notification;

/** So many entries at most, or some more if several send at once: who finds as many takes all locks instead. */
#define INBOX_MAX 8u

static inline bool inbox_has_room(const struct core *home)
{
    return atomic_load_explicit(&home->inbox_count, memory_order_relaxed) < INBOX_MAX;
}

static inline bool inbox_is_empty(const struct core *core)
{
    return atomic_load_explicit(&core->inbox, memory_order_relaxed) == (struct inbox_entry *)0;
}

/** Bits to a notification of another core. */
void inbox_signal(struct notification *notification, uint64_t bits);
/** A call, or a fault, to an endpoint of another core, with its server there; the caller waits already, and its call is_away. */
void inbox_call(struct thread *caller, struct endpoint *endpoint);
/** What that call came to is in its caller's registers: it goes on, or, after a fault, stays where it is. */
void inbox_back(struct thread *caller, bool goes_on);

/** Does what is in the core's inbox; with the own lock up to what concerns another core, too (core_must_finish()). */
void inbox_take(struct core *core);
/** If there is something, and chooses who runs. */
void inbox_catch_up(struct core *core);
/** The same for all cores, by whoever has just taken all locks. */
void inbox_take_all(struct core *core);

/** Who sends from now on knows what runs here. */
static inline void inbox_tell_key(struct core *core)
{
    uint32_t key =
        core->current != (struct thread *)0 ? lend_key(&core->current->lend) : LEND_KEY_NONE;

    if (key != atomic_load_explicit(&core->running_key, memory_order_relaxed)) {
        (void)atomic_exchange(&core->running_key, key);
    }
}

/**
 * The last look before the core goes on with core->current: false, something is in the inbox. Else whoever sends from now on knows
 * what runs here, and interrupts it if that is less important.
 */
bool inbox_is_quiet(struct core *core);
