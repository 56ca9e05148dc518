/* SPDX-License-Identifier: MIT */
/*
 * Inboxes: a list that anybody may put something in front of, and one core takes from, all at once. Invariants: an entry is in at most one inbox, once: a
 * notification's is in that of its home exactly while incoming is not 0 (or its bits are just being given out); a thread's is in that of the
 * endpoint it calls, or of its own home, while it is_away and neither queued nor served nor held.
 */
#include "core/inbox.h"

#include <stddef.h>

#include "core/alone.h"
#include "ipc/ipc.h"
#include "sched/sched.h"

static struct notification *notification_of(struct inbox_entry *entry)
{
    return (struct notification *)(void *)((uint8_t *)entry - offsetof(struct notification, inbox));
}

static struct thread *thread_of(struct inbox_entry *entry)
{
    return (struct thread *)(void *)((uint8_t *)entry - offsetof(struct thread, inbox));
}

/* The key is of who is to run for it: the core is interrupted only if that beats what it runs. */
static void push(struct core *home, struct inbox_entry *entry, enum inbox_kind kind, uint32_t key)
{
    struct inbox_entry *first = atomic_load_explicit(&home->inbox, memory_order_relaxed);

    entry->kind = (uint8_t)kind;
    atomic_fetch_add_explicit(&home->inbox_count, 1, memory_order_relaxed);
    do {
        entry->next = first;
        /* Sequentially consistent, as what follows and as inbox_is_quiet(): one of both sees the other's. */
    } while (!atomic_compare_exchange_weak(&home->inbox, &first, entry));
    if (key < atomic_load(&home->running_key)) {
        arch_core_interrupt(home);
    }
}

/* Of a thread's own context, at its best; whether it has time, and who lends to one that has no context, is known to its core only. */
static uint32_t own_key(const struct thread *thread)
{
    return thread->context == NULL ? 0 : 255u - thread->context->base;
}

void inbox_signal(struct notification *notification, uint64_t bits)
{
    const struct thread *bound = notification->bound;

    /* Release: what was written before the signal is seen by who is woken. Pairs with the acquire in deliver(). */
    if (bits != 0 &&
        atomic_fetch_or_explicit(&notification->incoming, bits, memory_order_release) == 0) {
        push(notification->home, &notification->inbox, INBOX_SIGNAL,
             bound != NULL ? own_key(bound) : 0);
    }
}

void inbox_call(struct thread *caller, struct endpoint *endpoint)
{
    caller->plain_on = endpoint;
    push(endpoint->home, &caller->inbox, INBOX_CALL, own_key(endpoint->server));
}

void inbox_back(struct thread *caller, bool goes_on)
{
    push(caller->home, &caller->inbox, goes_on ? INBOX_BACK : INBOX_END, lend_key(&caller->lend));
}

bool inbox_is_quiet(struct core *core)
{
    inbox_tell_key(core);
    return atomic_load(&core->inbox) == NULL;
}

static void deliver(struct core *core, struct inbox_entry *entry)
{
    switch (entry->kind) {
    case INBOX_SIGNAL:
        /* Acquire: see inbox_signal(). From here on it may be sent again. */
        notification_signal(
            core, notification_of(entry),
            atomic_exchange_explicit(&notification_of(entry)->incoming, 0, memory_order_acquire));
        break;
    case INBOX_CALL:
        ipc_call_arrives(core, thread_of(entry));
        break;
    default:
        ipc_cut(core, thread_of(entry));
        if (entry->kind == INBOX_BACK) {
            thread_make_ready(core, thread_of(entry));
        }
        break;
    }
}

/* What was put in front last is to be done last, and after what was left. */
static void append(struct core *home, struct inbox_entry *newest)
{
    struct inbox_entry **end = &home->inbox_left;
    struct inbox_entry *rest = NULL;

    while (newest != NULL) {
        struct inbox_entry *next = newest->next;

        newest->next = rest;
        rest = newest;
        newest = next;
    }
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = rest;
}

static void take(struct core *core, struct core *home)
{
    struct inbox_entry *entry;

    if (!inbox_is_empty(home)) {
        /* Acquire: pairs with push(). */
        append(home, atomic_exchange_explicit(&home->inbox, NULL, memory_order_acquire));
    }
    while ((entry = home->inbox_left) != NULL) {
        if (!core->has_all && entry->kind == INBOX_SIGNAL &&
            !alone_signal(core, notification_of(entry))) {
            core->must_look = true;
            return;
        }
        home->inbox_left = entry->next;
        atomic_fetch_sub_explicit(&home->inbox_count, 1, memory_order_relaxed);
        deliver(core, entry);
    }
}

void inbox_take(struct core *core)
{
    take(core, core);
}

void inbox_catch_up(struct core *core)
{
    if (!inbox_is_empty(core)) {
        inbox_take(core);
        if (core->must_dispatch) {
            core_dispatch(core);
        }
    }
}

void inbox_take_all(struct core *core)
{
    for (uint32_t i = 0; i < core->machine->core_count; i++) {
        take(core, core->machine->cores[i]);
    }
}
