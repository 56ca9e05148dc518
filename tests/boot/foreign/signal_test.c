/* SPDX-License-Identifier: MIT */
/*
 * Redirection (docs/kernel/foreign.md): a handler is run in a foreign program, wherever that is: in its own code, before a system call, in the
 * shim, or waiting in a native call of the shim's. No call is lost, none is made twice, no register changes.
 */
#include "boot_test/guest.h"
#include "boot_test/make.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"

#define FLAGS_PLAIN 0x202ull

enum { SIGNALS = 2000 };

static volatile uint64_t told[2]; /* calls, handlers */

static struct guest runner(const char *code)
{
    struct guest guest = guest_make(0, true);

    told[0] = told[1] = 0;
    guest.page->quick = 1;
    guest_foreign(&guest, 0);
    guest_set(&guest, &(struct guest_registers){ .r8 = 3, .r9 = 3, .r14 = (uintptr_t)told });
    guest_run(&guest, code, 0x77, FLAGS_PLAIN);
    return guest;
}

static bool goes_on(const struct guest *guest)
{
    uint32_t state = guest_info(guest).state;

    return CHECK(state == THREAD_STATE_READY || state == THREAD_STATE_WAITING, "it goes on");
}

static bool handlers_run(const struct guest *guest, uint64_t wanted)
{
    for (uint32_t tries = 0; told[1] < wanted && tries < 200; tries++) {
        sleep_ns(US(20));
    }
    return CHECK_EQ(told[1], wanted, "one handler for each") && goes_on(guest);
}

/* One after the other, the second so long after the first that the program is somewhere else each time. */
static void signals_at_every_moment(struct guest *guest)
{
    uint64_t wanted = told[1];

    for (uint64_t i = 0; i < SIGNALS; i++) {
        wanted += guest_signal(guest);
        sleep_ns(i * 4);
        wanted += guest_signal(guest);
        if (!handlers_run(guest, wanted)) {
            return;
        }
    }
}

TEST(a_handler_runs_wherever_the_program_is)
{
    struct guest guest = runner(guest_count);

    signals_at_every_moment(&guest);
    CHECK(told[0] > SIGNALS, "and the program made its calls meanwhile");
    CHECK_BETWEEN(told[1], SIGNALS, 2 * SIGNALS, "handlers");
}

/* The program does the least that it can between two looks for a handler: none may be missed, in the last instructions before it goes on, too. */
TEST(a_handler_runs_before_a_program_that_makes_no_call)
{
    struct guest guest = runner(guest_once);

    signals_at_every_moment(&guest);
    CHECK_EQ(told[0], 1, "one call");
}

/* A program that only waits: each signal ends a wait, and none is slept through. */
TEST(a_handler_ends_a_wait_of_the_shim)
{
    struct guest guest = runner(guest_pause);

    signals_at_every_moment(&guest);
    settle();
    CHECK_BETWEEN(told[0], SIGNALS / 2, 2 * SIGNALS, "waits that ended");
    CHECK_EQ(guest.page->native, ERR_CANCELLED, "the native call was cut");
}

TEST(a_thread_that_is_stopped_keeps_its_call)
{
    struct guest guest = guest_make(0, false);

    guest_foreign(&guest, 0);
    guest_run(&guest, guest_call, 0, FLAGS_PLAIN);
    settle();
    REQUIRE_OK(thread_suspend(guest.thread));
    CHECK_EQ(guest_info(&guest).state, THREAD_STATE_INACTIVE, "stopped in the shim's wait");
    REQUIRE_OK(thread_resume(guest.thread));
    settle();
    CHECK_EQ(guest.page->native, ERR_CANCELLED, "which is cut");
    CHECK_EQ(guest.page->entries, 1, "it is the same call still");
    guest_go(&guest);
    settle();
    CHECK_EQ(guest.page->entries, 2, "and comes to its end");
}
