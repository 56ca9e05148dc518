/* SPDX-License-Identifier: MIT */
/* Signals between cores. */
#include "boot_test/test.h"
#include "crew.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"

#define ROUNDS 1000u

/* arg: own notification, the other's, whether it begins. */
static void play(struct worker *worker)
{
    for (uint64_t i = 0; i < ROUNDS; i++) {
        if (i != 0 || !worker->arg[2]) {
            struct message message = wait_for((cap_addr_t)worker->arg[0], 1, DEADLINE_NEVER, 0);

            worker->out[1] += message_do(&message) != ERR_OK || message.bits != 1;
        }
        worker->out[1] += notification_signal((cap_addr_t)worker->arg[1]) != ERR_OK;
        worker->out[0]++;
    }
}

TEST(signals_wake_threads_of_other_cores)
{
    cap_addr_t here = mint_of(make(OBJECT_NOTIFICATION, 3), RIGHTS_ALL, 1);
    cap_addr_t there = mint_of(make(OBJECT_NOTIFICATION, 3), RIGHTS_ALL, 1);
    struct worker *first = worker_make(play, 5);
    struct worker *second = worker_make(play, 5);

    first->arg[0] = here, first->arg[1] = there, first->arg[2] = 1;
    second->arg[0] = there, second->arg[1] = here, second->arg[2] = 0;
    crew_give(first, 0);
    crew_give(second, 1);
    worker_resume(second);
    worker_resume(first);
    CREW_UNTIL(first->is_done && second->is_done, "all rounds end");
    CHECK_EQ(first->out[0] + second->out[0], 2 * ROUNDS, "none is lost");
    CHECK_EQ(first->out[1] + second->out[1], 0, "each is the other's");
}

static void ring(struct worker *worker)
{
    for (uint64_t i = 0; i < ROUNDS; i++) {
        worker->out[1] += notification_signal((cap_addr_t)worker->arg[0]) != ERR_OK;
    }
}

/* Each core has a bit; what is collected is never more than was sent, and the last signals come. */
TEST(signals_from_all_cores_come_together)
{
    uint32_t cores = crew_cores();
    cap_addr_t all = make(OBJECT_NOTIFICATION, 3);
    struct worker *crew[CREW_CORES_MAX];
    uint64_t got = 0;

    for (uint32_t i = 0; i < cores && i < WORKERS_MAX; i++) {
        crew[i] = worker_make(ring, 3);
        crew[i]->arg[0] = mint_of(all, RIGHTS_ALL, 1ull << i);
        crew_give(crew[i], i);
        worker_resume(crew[i]);
    }
    ns_t end = crew_patience();
    uint64_t wanted = (1ull << (cores < WORKERS_MAX ? cores : WORKERS_MAX)) - 1;

    while (got != wanted && clock_now() < end) {
        uint64_t bits = 0;

        (void)!notification_wait(all, ~0ull, clock_now() + MS(10), 0, &bits);
        got |= bits;
    }
    CHECK_EQ(got, wanted, "every core was heard");
    for (uint32_t i = 0; i < cores && i < WORKERS_MAX; i++) {
        CREW_UNTIL(crew[i]->is_done, "all signals were sent");
        CHECK_EQ(crew[i]->out[1], 0, "without an error");
    }
}
