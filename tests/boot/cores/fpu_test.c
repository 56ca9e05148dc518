/* SPDX-License-Identifier: MIT */
/* What a core's FPU holds goes along when a thread moves to another core. */
#include "boot_test/test.h"
#include "crew.h"
#include "pith/kernel_calls.h"

/* Loads a number into a register of the FPU once, and then compares for ever. */
static void keep(struct worker *worker)
{
    uint64_t number = worker->arg[0];

    __asm__ volatile("movq %0, %%xmm5" ::"r"(number));
    for (;;) {
        uint64_t now;

        __asm__ volatile("movq %%xmm5, %0" : "=r"(now));
        worker->out[1] += now != number;
        worker->out[0]++;
    }
}

TEST(the_fpu_goes_along_to_another_core)
{
    uint32_t cores = crew_cores();
    struct worker *first = worker_make_fpu(keep, 3);
    struct worker *second = worker_make_fpu(keep, 3);

    first->arg[0] = 0x1122334455667788;
    second->arg[0] = 0x99aabbccddeeff00;
    crew_give(first, 0);
    crew_give(second, 1);
    worker_resume(first);
    worker_resume(second);
    for (uint32_t i = 1; i <= 60; i++) {
        uint64_t a = first->out[0], b = second->out[0];

        CREW_UNTIL(first->out[0] != a && second->out[0] != b, "both run");
        REQUIRE_OK(thread_suspend(first->thread));
        REQUIRE_OK(thread_suspend(second->thread));
        REQUIRE_OK(sched_context_unbind(first->context));
        REQUIRE_OK(sched_context_unbind(second->context));
        crew_give(first, i % cores);
        crew_give(second, (i + 1) % cores);
        REQUIRE_OK(thread_resume(first->thread));
        REQUIRE_OK(thread_resume(second->thread));
    }
    CHECK_EQ(first->out[1], 0, "the first always found its number");
    CHECK_EQ(second->out[1], 0, "and the second");
}
