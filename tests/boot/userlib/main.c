/* SPDX-License-Identifier: MIT */
#include "userlib.h"

#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/kernel_calls.h"
#include "pith/object.h"
#include "pith/self.h"

#include "abi/names.h"

enum { EXIT_PASSED = 0x10, EXIT_FAILED = 0x11, JOIN_S = 10 };

static struct {
    const char *name;
    uint32_t failures;
    uint32_t passed, failed;
    uint64_t random;
} runner;

bool check(bool holds, const char *text, const char *why, int line)
{
    if (!holds && runner.failures++ < 5) {
        debug_printf("FAIL %s: %s: wanted: %s (line %d)\n", runner.name, why, text, line);
    }
    return holds;
}

bool check_equal(uint64_t got, uint64_t want, const char *text, const char *why, int line)
{
    if (got != want && runner.failures++ < 5) {
        debug_printf("FAIL %s: %s: %s: wanted: %lu got: %lu (line %d)\n", runner.name, why, text,
                     want, got, line);
    }
    return got == want;
}

uint32_t random_below(uint32_t below)
{
    runner.random = runner.random * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((runner.random >> 33) % below);
}

cap_addr_t context_make(uint32_t priority, ns_t budget_ns, ns_t period_ns)
{
    cap_addr_t context = 0;

    CHECK_EQ(object_create(OBJECT_SCHED_CONTEXT, 0, &context), ERR_OK, "a context");
    CHECK_EQ(sched_context_configure(context, ROOT_SLOT_MACHINE, priority, budget_ns, period_ns, 0),
             ERR_OK, "its time");
    return context;
}

bool thread_run(struct running *running, void (*entry)(void *argument), void *argument,
                uint8_t rank, uint32_t priority)
{
    running->context = context_make(priority, 10 * NS_PER_MS, 10 * NS_PER_MS);
    struct thread_spec spec = {
        .entry = entry, .argument = argument, .rank = rank, .context = running->context
    };

    return CHECK_EQ(thread_start(&spec, &running->handle), ERR_OK, "the thread starts");
}

void thread_finish(struct running *running)
{
    if (running->handle.thread != 0) {
        if (!CHECK_EQ(thread_join(&running->handle, clock_now() + JOIN_S * NS_PER_S), ERR_OK,
                      "the thread ends")) {
            thread_destroy(&running->handle);
        }
    }
    object_destroy(running->context);
}

static void tests_run(const struct userlib_test *tests)
{
    for (; tests->run != NULL; tests++) {
        struct self *me = self();
        uint64_t free_bytes = me->memory.free_bytes;
        uint32_t slots = me->slots.taken;

        runner.name = tests->name;
        runner.failures = 0;
        runner.random = 1;
        tests->run();
        /* The library's own lock, sleeping place and page tables may come once, and stay. */
        CHECK(me->memory.free_bytes + 256 * 1024 >= free_bytes, "all memory is given back");
        CHECK(me->slots.taken <= slots + 24, "all slots are given back");
        if (runner.failures == 0) {
            runner.passed++;
            debug_printf("ok %s\n", tests->name);
        } else {
            runner.failed++;
        }
    }
}

int main(void)
{
    tests_run(memory_tests);
    tests_run(thread_tests);
    tests_run(program_tests);
    debug_printf("%u passed, %u failed\n", runner.passed, runner.failed);
    return runner.failed == 0 ? EXIT_PASSED : EXIT_FAILED;
}
