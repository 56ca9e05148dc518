/* SPDX-License-Identifier: MIT */
/*
 * Must stay true: the word names the holder, exactly, from acquire to release, so that a waiter lends to
 * the right thread. There is no handing over: who is woken tries again, and whoever comes first wins.
 * A signal that nobody waits for stays in the notification and costs the next waiter one turn.
 */
#include "pith/lock.h"

#include <stdbool.h>
#include <stddef.h>

#include "pith/debug.h"
#include "pith/thread.h"

err_t lock_create(struct lock *lock, uint32_t rank)
{
    atomic_store_explicit(&lock->word, 0, memory_order_relaxed);
    atomic_store_explicit(&lock->waits_without_lending, 0, memory_order_relaxed);
    return event_create(&lock->event, rank);
}

void lock_destroy(struct lock *lock)
{
    event_destroy(&lock->event);
}

static uint32_t holder_self(void)
{
    cap_addr_t thread = thread_self()->thread;

    return thread != 0 ? thread : LOCK_HOLDER_ANY;
}

err_t lock_acquire(struct lock *lock, ns_t deadline_ns)
{
    uint32_t me = holder_self();
    uint32_t word = 0;

    /* Acquire: pairs with the release in lock_release(). */
    if (atomic_compare_exchange_strong_explicit(&lock->word, &word, me, memory_order_acquire,
                                                memory_order_relaxed)) {
        return ERR_OK;
    }
    assert(lock->event.cap != 0);
    for (;;) {
        if (word == 0) {
            /* Others may wait beside us: only the last to leave may drop the mark. */
            if (atomic_compare_exchange_strong_explicit(&lock->word, &word, me | LOCK_CONTENDED,
                                                        memory_order_acquire,
                                                        memory_order_relaxed)) {
                return ERR_OK;
            }
            continue;
        }
        if ((word & LOCK_CONTENDED) == 0 &&
            !atomic_compare_exchange_strong_explicit(&lock->word, &word, word | LOCK_CONTENDED,
                                                     memory_order_relaxed, memory_order_relaxed)) {
            continue;
        }
        uint32_t holder = word & ~LOCK_CONTENDED;
        bool has_lent;
        err_t err = event_wait(&lock->event, holder == LOCK_HOLDER_ANY ? 0 : holder, deadline_ns,
                               &has_lent);

        if (!has_lent) {
            atomic_fetch_add_explicit(&lock->waits_without_lending, 1, memory_order_relaxed);
        }
        if (err == ERR_TIMED_OUT || err == ERR_CANCELLED) {
            return err;
        }
        assert(err == ERR_OK);
        word = atomic_load_explicit(&lock->word, memory_order_relaxed);
    }
}

void lock_release(struct lock *lock)
{
    /* Release: pairs with the acquire in lock_acquire(). */
    uint32_t word = atomic_exchange_explicit(&lock->word, 0, memory_order_release);

    assert((word & ~LOCK_CONTENDED) == holder_self());
    if (word & LOCK_CONTENDED) {
        event_signal(&lock->event);
    }
}

err_t condition_create(struct condition *condition, uint32_t rank, cap_addr_t worker)
{
    *condition = (struct condition){ .worker = worker };
    return event_create(&condition->event, rank);
}

void condition_destroy(struct condition *condition)
{
    event_destroy(&condition->event);
}

/*
 * While granted is above 0, the bit is set or a waiter that took it is on its way: whoever takes one and
 * leaves others behind sets the bit again.
 */
static void condition_pass_on(struct condition *condition)
{
    if (condition->granted > 0) {
        event_signal(&condition->event);
    }
}

err_t condition_wait(struct condition *condition, struct lock *lock, ns_t deadline_ns)
{
    err_t err;

    condition->waiting++;
    do {
        lock_release(lock);
        err = event_wait(&condition->event, condition->worker, deadline_ns, NULL);

        err_t taken = lock_acquire(lock, DEADLINE_NEVER);

        while (taken) { /* suspended and resumed: the caller holds the lock on return, always */
            taken = lock_acquire(lock, DEADLINE_NEVER);
        }
    } while (err == ERR_OK && condition->granted == 0);

    condition->waiting--;
    if (condition->granted > 0) {
        condition->granted--;
        err = ERR_OK;
    }
    condition_pass_on(condition);
    return err;
}

void condition_signal(struct condition *condition)
{
    if (condition->granted < condition->waiting) {
        condition->granted++;
        condition_pass_on(condition);
    }
}

void condition_broadcast(struct condition *condition)
{
    condition->granted = condition->waiting;
    condition_pass_on(condition);
}
