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

void crew_spin(struct worker *worker)
{
    for (;;) {
        worker->out[0]++;
    }
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
