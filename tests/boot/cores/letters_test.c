/* SPDX-License-Identifier: MIT */
/*
 * Many signals that wait to be taken by cores that run something more important, when somebody takes the locks of all. How long that has
 * them, and how long their own core has its own, is measured by `make bench` (lock_hold_max_all, lock_hold_max_own).
 */
#include "boot_test/chain.h"
#include "boot_test/test.h"
#include "crew.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"

#define ROUNDS 50u
#define OTHERS_MAX 3u
#define PER_CORE 7u /* one less than an inbox holds */
#define WAITERS_MAX (OTHERS_MAX * PER_CORE)
#define SPINNER_PRIORITY 200u

struct letters {
    uint32_t others, count;
    struct worker *spinners[OTHERS_MAX];
    struct worker *waiters[WAITERS_MAX];
    cap_addr_t bits[WAITERS_MAX];
};

/* arg[0]: a notification; arg[1]: to whom it lends, or 0. */
static void collect(struct worker *worker)
{
    for (;; worker->out[0]++) {
        uint64_t bits;

        worker->out[1] |= notification_wait((cap_addr_t)worker->arg[0], 1, DEADLINE_NEVER,
                                            (cap_addr_t)worker->arg[1], &bits) != ERR_OK;
    }
}

static void give(struct worker *worker, uint32_t core, uint32_t priority)
{
    crew_give(worker, core);
    REQUIRE_OK(
        sched_context_configure(worker->context, MACHINE, priority, MS(1000), MS(1000), core));
}

/* holders: by core, to whom those who wait there lend; or NULL. Who is signalled first lends most. */
static void letters_make(struct letters *letters, const cap_addr_t *holders)
{
    letters->others = crew_cores() - 1 < OTHERS_MAX ? crew_cores() - 1 : OTHERS_MAX;
    letters->count = letters->others * PER_CORE;
    for (uint32_t i = 0; i < letters->count; i++) {
        struct worker *waiter = worker_make(collect, 15);
        uint32_t core = 1 + i % letters->others;

        letters->waiters[i] = waiter;
        waiter->arg[0] = make(OBJECT_NOTIFICATION, TOP);
        waiter->arg[1] = holders != NULL ? holders[core - 1] : 0;
        letters->bits[i] = mint_of((cap_addr_t)waiter->arg[0], RIGHT_SIGNAL, 1);
        give(waiter, core, CREW_PRIORITY - i);
        worker_resume(waiter);
    }
    for (uint32_t i = 0; i < letters->others; i++) {
        letters->spinners[i] = worker_make(worker_spin, 3);
        give(letters->spinners[i], 1 + i, SPINNER_PRIORITY);
    }
}

static bool all_wait(const struct letters *letters, uint32_t rounds)
{
    for (uint32_t i = 0; i < letters->count; i++) {
        if (letters->waiters[i]->out[0] < rounds ||
            state_of(letters->waiters[i]->thread) != THREAD_STATE_WAITING) {
            return false;
        }
    }
    return true;
}

static void others_spin(const struct letters *letters)
{
    for (uint32_t i = 0; i < letters->others; i++) {
        const struct worker *spinner = letters->spinners[i];
        uint64_t before = spinner->out[0];

        REQUIRE_OK(thread_resume(spinner->thread));
        CREW_UNTIL(spinner->out[0] != before, "the more important runs");
    }
}

static void all_are_woken(const struct letters *letters)
{
    for (uint32_t round = 0; round < ROUNDS && !test_has_failed(); round++) {
        CREW_UNTIL(all_wait(letters, round), "all were woken, and wait again");
        others_spin(letters);
        for (uint32_t i = 0; i < letters->count; i++) {
            CHECK_OK(notification_signal(letters->bits[i]));
        }
        for (uint32_t i = 0; i < letters->others; i++) {
            CHECK_OK(thread_suspend(letters->spinners[i]->thread)); /* with all locks */
        }
    }
    CREW_UNTIL(all_wait(letters, ROUNDS), "none is lost");
    for (uint32_t i = 0; i < letters->count; i++) {
        CHECK_EQ(letters->waiters[i]->out[0], ROUNDS, "each as often as it was signalled");
        CHECK_EQ(letters->waiters[i]->out[1], 0, "without an error");
    }
}

TEST(what_was_sent_to_all_cores_is_done_bit_by_bit)
{
    static struct letters letters;

    letters_make(&letters, NULL);
    all_are_woken(&letters);
}

/* Each of those who are woken lent through all ranks. */
TEST(long_walks_that_were_sent_to_all_cores_are_done_one_by_one)
{
    static struct letters letters;
    static struct chain chains[OTHERS_MAX];
    cap_addr_t holders[OTHERS_MAX];

    for (uint32_t i = 0; i < OTHERS_MAX && i + 1 < crew_cores(); i++) {
        chains[i].core = 1 + i;
        chain_make(&chains[i]);
        holders[i] = chains[i].servers[TOP];
    }
    letters_make(&letters, holders);
    all_are_woken(&letters);
}
