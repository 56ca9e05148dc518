/* SPDX-License-Identifier: MIT */
/* Threads on other cores: they run at once, stop at once, move, and go. */
#include "boot_test/test.h"
#include "crew.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"
#include "pith/syscall.h"

TEST(every_core_runs_something_while_this_one_does)
{
    uint32_t cores = crew_cores();
    struct worker *crew[CREW_CORES_MAX];

    for (uint32_t i = 1; i < cores && i < WORKERS_MAX; i++) {
        crew[i] = crew_start_on(i, worker_spin, 3);
    }
    for (uint32_t i = 1; i < cores && i < WORKERS_MAX; i++) {
        ns_t end = crew_patience();
        uint64_t before = crew[i]->out[0];

        while (crew[i]->out[0] == before && clock_now() < end) {
            /* without a pause: only another core can change it */
        }
        CHECK(crew[i]->out[0] != before, "it runs");
    }
}

TEST(a_thread_is_stopped_when_suspend_returns)
{
    struct worker *worker = crew_start_on(1, worker_spin, 3);

    CREW_UNTIL(worker->out[0] != 0, "it runs");
    for (uint32_t i = 0; i < 200; i++) {
        REQUIRE_OK(thread_suspend(worker->thread));
        uint64_t count = worker->out[0];

        spin_ns(US(50));
        CHECK_EQ(worker->out[0], count, "it does not move");
        CHECK_EQ(state_of(worker->thread), THREAD_STATE_INACTIVE, "and is inactive");
        REQUIRE_OK(thread_resume(worker->thread));
        CREW_UNTIL(worker->out[0] != count, "it goes on");
    }
}

TEST(registers_are_read_and_written_while_it_is_stopped)
{
    struct worker *worker = crew_start_on(1, worker_spin, 3);
    uint64_t r[8];

    CREW_UNTIL(worker->out[0] != 0, "it runs");
    CHECK_EQ(thread_read_registers(worker->thread, 0, 2, &r[0], &r[1], &r[2], &r[3], &r[4], &r[5],
                                   &r[6], &r[7]),
             ERR_BUSY, "not while it runs");
    REQUIRE_OK(thread_suspend(worker->thread));
    CHECK_OK(thread_read_registers(worker->thread, 0, 2, &r[0], &r[1], &r[2], &r[3], &r[4], &r[5],
                                   &r[6], &r[7]));
    CHECK_BETWEEN(r[0], (uintptr_t)worker_spin, (uintptr_t)worker_spin + 100, "it is in its loop");
    CHECK_OK(thread_write_registers(worker->thread, 0, 1, (uintptr_t)worker_spin, 0, 0, 0, 0, 0));
}

TEST(a_thread_that_runs_elsewhere_can_be_destroyed)
{
    crew_destroy_many(worker_spin);
}

TEST(time_taken_away_stops_it_and_another_core_may_give_some)
{
    uint32_t cores = crew_cores();
    struct worker *worker = crew_start_on(1, worker_spin, 3);

    for (uint32_t i = 0; i < 50; i++) {
        uint64_t count = worker->out[0];

        CREW_UNTIL(worker->out[0] != count, "it runs");
        REQUIRE_OK(sched_context_unbind(worker->context));
        count = worker->out[0];
        spin_ns(US(50));
        CHECK_EQ(worker->out[0], count, "without time it does not");
        REQUIRE_OK(thread_suspend(worker->thread));
        crew_give(worker, 1 + i % (cores - 1));
        REQUIRE_OK(thread_resume(worker->thread));
    }
}

static void sleep_often(struct worker *worker)
{
    for (uint64_t i = 0; i < worker->arg[1]; i++) {
        struct message message = wait_for((cap_addr_t)worker->arg[0], 1, clock_now() + US(300), 0);
        ns_t wanted = message.time;

        worker->out[1] += message_do(&message) != ERR_TIMED_OUT;
        worker->out[2] += clock_now() < wanted;
        worker->out[0]++;
    }
}

TEST(each_core_has_its_timer)
{
    uint32_t cores = crew_cores();
    struct worker *crew[CREW_CORES_MAX];

    for (uint32_t i = 0; i < cores && i < WORKERS_MAX - 1; i++) {
        crew[i] = worker_make(sleep_often, 3);
        crew[i]->arg[0] = make(OBJECT_NOTIFICATION, 3);
        crew[i]->arg[1] = 100;
        crew_give(crew[i], i);
        worker_resume(crew[i]);
    }
    for (uint32_t i = 0; i < cores && i < WORKERS_MAX - 1; i++) {
        CREW_UNTIL(crew[i]->is_done, "a hundred sleeps end");
        CHECK_EQ(crew[i]->out[1], 0, "each by its time-out");
        CHECK_EQ(crew[i]->out[2], 0, "and none before");
    }
}
