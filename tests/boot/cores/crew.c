/* SPDX-License-Identifier: MIT */
#include "crew.h"

#include "boot_test/test.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"

#define PATIENCE_NS MS(60000)
#define LOOK_NS US(200)

uint32_t crew_cores(void)
{
    uint32_t cores = 0, lines;
    uint64_t ram, kernel, now;

    REQUIRE_OK(machine_info(MACHINE, &cores, &ram, &kernel, &now, &lines));
    REQUIRE(cores > 1, "the machine has several cores");
    return cores;
}

void crew_give(struct worker *worker, uint32_t core)
{
    if (worker->context == 0) {
        worker->context = make(OBJECT_SCHED_CONTEXT, 0);
    }
    REQUIRE_OK(
        sched_context_configure(worker->context, MACHINE, CREW_PRIORITY, MS(1000), MS(1000), core));
    REQUIRE_OK(sched_context_bind(worker->context, worker->thread));
}

struct worker *crew_start_on(uint32_t core, void (*entry)(struct worker *worker), uint32_t rank)
{
    struct worker *worker = worker_make(entry, rank);

    crew_give(worker, core);
    worker_resume(worker);
    return worker;
}

ns_t crew_patience(void)
{
    return clock_now() + PATIENCE_NS;
}

bool crew_look(ns_t end)
{
    sleep_ns(LOOK_NS); /* others of this core may run */
    return clock_now() < end;
}

void crew_destroy_many(void (*entry)(struct worker *worker))
{
    uint32_t cores = crew_cores();

    for (uint32_t i = 0; i < 100; i++) {
        struct worker *worker = crew_start_on(1 + i % (cores - 1), entry, 3);
        cap_addr_t context = worker->context;

        CREW_UNTIL(worker->out[0] != 0, "it runs");
        workers_recycle(1);
        uint64_t count = worker->out[0];

        spin_ns(US(20));
        CHECK_EQ(worker->out[0], count, "it is gone when delete returns");
        CHECK_EQ(worker->out[1], 0, "and what it did was right");
        delete (context);
    }
}

uint32_t crew_size(void)
{
    uint32_t cores = crew_cores();

    return cores < CREW_MAX ? cores : CREW_MAX;
}

void crew_finish(struct worker **crew, uint32_t count, uint64_t rounds)
{
    for (uint32_t i = 0; i < count; i++) {
        worker_resume(crew[i]);
    }
    for (uint32_t i = 0; i < count; i++) {
        CREW_UNTIL(crew[i]->is_done, "it comes to its end");
        CHECK_EQ(crew[i]->out[0], rounds, "after all rounds");
        CHECK_EQ(crew[i]->out[1], 0, "each of them right");
    }
}
