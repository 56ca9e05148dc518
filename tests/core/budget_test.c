/* SPDX-License-Identifier: MIT */
/* Budgets over many periods: who is interrupted late has no more than he was given. */
#include "arch_host/machine.h"
#include "cap/cap.h"
#include "core/core.h"
#include "object/sched_context.h"
#include "situation.h"

enum { NEVER = 41, THREAD = 50, BUDGET_NS = 10000, PERIOD_NS = 30000, ROUNDS = 200 };

/* A thread that never stops, with a budget; the timer's interrupt comes so much later than it was armed for. */
static void run_late(uint64_t late_ns, uint64_t budget_ns, uint64_t least_ns)
{
    const struct sched_context *context;
    struct core *core;
    uint64_t start_ns, passed_ns, used_ns;

    situation_begin();
    OK(object_make(OBJECT_NOTIFICATION, 0, NEVER), "nobody signals it");
    thread_make(THREAD, 5, 20);
    OK(CALL(THREAD + 1, SCHED_CONTEXT_CONFIGURE, ROOT_SLOT_MACHINE, 20, budget_ns, PERIOD_NS, 0),
       "a budget");
    context = cap_at(THREAD + 1)->object;
    core = the_core();
    start_ns = host_time();
    OK(CALL(THREAD, THREAD_RESUME, 0), "it runs");
    (void)call_wait(NEVER, 1, 0);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        ns_t armed_ns = host_time_armed(core);

        CHECK(armed_ns != DEADLINE_NEVER, "the timer comes");
        if (armed_ns + late_ns > host_time()) {
            host_time_advance(armed_ns + late_ns - host_time());
        }
        host_interrupts_deliver(core);
        situation_is_sound();
    }
    passed_ns = host_time() - start_ns;
    used_ns = context->used_ns;
    CHECK(used_ns <= budget_ns * (passed_ns / PERIOD_NS + 2) + late_ns,
          "no more than its budget in each period");
    CHECK(used_ns >= budget_ns * (passed_ns / PERIOD_NS) * least_ns / 100, "and it has most of it");
    situation_end();
}

TEST(what_runs_past_the_end_of_a_budget_is_paid_back)
{
    run_late(0, BUDGET_NS, 80);
    run_late(300, BUDGET_NS, 80);
    run_late(3000, BUDGET_NS, 60);
    run_late(9000, BUDGET_NS, 40);
    run_late(90000, BUDGET_NS, 10);
}
