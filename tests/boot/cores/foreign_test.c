/* SPDX-License-Identifier: MIT */
/*
 * Foreign threads of other cores (docs/kernel/foreign.md), while their frame is taken away, they are stopped, redirected and destroyed. Each looks itself whether
 * a call of its was lost, made twice, or answered wrong: it stops with ud2 then.
 */
#include "boot_test/guest.h"
#include "boot_test/test.h"
#include "crew.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"

#define FLAGS_PLAIN 0x202ull

enum { TURNS = 200 };

/* Calls and handlers of the one on each core. */
static volatile uint64_t told[CREW_CORES_MAX][2];

static struct guest runner(uint32_t core, const char *code, uint32_t faults)
{
    struct guest guest = guest_make(core, true);

    told[core][0] = told[core][1] = 0;
    guest.page->quick = 1;
    guest_foreign(&guest, faults);
    guest_set(&guest, &(struct guest_registers){ .r8 = 3, .r9 = 3, .r14 = (uintptr_t)told[core] });
    guest_run(&guest, code, 0x77, FLAGS_PLAIN);
    return guest;
}

static bool is_same(const struct foreign_frame *left, const struct foreign_frame *right)
{
    const uint64_t *words = (const uint64_t *)left;
    const uint64_t *others = (const uint64_t *)right;
    bool same = true;

    for (uint32_t i = 0; i < sizeof(*left) / sizeof(*words); i++) {
        same = same && words[i] == others[i];
    }
    return same;
}

/* Nobody writes what is no frame any more. */
static void frame_is_left_alone(const struct guest *guest, const char *why)
{
    struct foreign_frame frame = guest->page->frame;

    spin_ns(US(30));
    CHECK(is_same(&frame, (const struct foreign_frame *)&guest->page->frame), why);
}

/* It stops at the next call, or fault, that has nowhere to go; with another frame it goes on as if nothing had been. */
static void frame_goes_and_comes(const char *code, uint32_t kind)
{
    uint32_t cores = crew_cores();
    struct guest guest = runner(cores - 1, code, 1u << FAULT_ILLEGAL);

    for (uint32_t i = 0; i < TURNS && !test_has_failed(); i++) {
        uint64_t entries = guest.page->entries;

        CREW_UNTIL(guest.page->entries > entries + i % 7, "it runs");
        delete (guest.pinned);
        guest.pinned = 0;
        frame_is_left_alone(&guest, "when its capability is gone");
        CREW_UNTIL(guest_info(&guest).state == THREAD_STATE_INACTIVE, "it stops");
        CHECK_EQ(guest_info(&guest).fault, kind, "for want of a frame");
        guest_foreign(&guest, 1u << FAULT_ILLEGAL);
        REQUIRE_OK(thread_resume(guest.thread));
    }
    REQUIRE_OK(thread_suspend(guest.thread));
}

TEST(a_frame_is_taken_from_a_foreign_thread_that_makes_calls)
{
    frame_goes_and_comes(guest_count, FAULT_SYSCALL);
}

TEST(a_frame_is_taken_from_a_foreign_thread_that_faults)
{
    frame_goes_and_comes(guest_illegal, FAULT_ILLEGAL);
}

TEST(a_foreign_thread_is_destroyed_as_it_runs)
{
    uint32_t cores = crew_cores();

    for (uint32_t i = 0; i < TURNS / 2; i++) {
        uint32_t core = 1 + i % (cores - 1);
        struct guest guest = runner(core, guest_count, 0);
        uint64_t count;

        CREW_UNTIL(told[core][0] > i % 9, "it runs");
        delete (guest.thread);
        count = told[core][0];
        frame_is_left_alone(&guest, "when its thread is gone");
        CHECK_EQ(told[core][0], count, "which is so when delete returns");
        delete (guest.context);
        delete (guest.frame);
    }
}

/* Two signals, one soon after the other: where the program is by then is chance. */
static void signal_all(const char *code, uint32_t turns)
{
    uint32_t cores = crew_cores();
    struct guest crew[CREW_CORES_MAX];
    uint64_t wanted[CREW_CORES_MAX] = { 0 };

    for (uint32_t core = 1; core < cores; core++) {
        crew[core] = runner(core, code, 0);
    }
    for (uint32_t i = 0; i < turns && !test_has_failed(); i++) {
        for (uint32_t core = 1; core < cores; core++) {
            wanted[core] += guest_signal(&crew[core]);
            spin_rounds(i * 7 % 300);
            wanted[core] += guest_signal(&crew[core]);
        }
        for (uint32_t core = 1; core < cores; core++) {
            CREW_UNTIL(told[core][1] >= wanted[core], "its handlers have run");
            CHECK_EQ(told[core][1], wanted[core], "each once");
        }
    }
    for (uint32_t core = 1; core < cores; core++) {
        CHECK(guest_info(&crew[core]).fault == 0, "no call was lost or made twice");
        REQUIRE_OK(thread_suspend(crew[core].thread));
    }
}

TEST(foreign_threads_are_redirected_as_they_run)
{
    signal_all(guest_count, TURNS);
    CHECK(told[1][0] > TURNS, "and make their calls");
}

TEST(foreign_threads_are_redirected_once_they_make_no_calls)
{
    signal_all(guest_once, TURNS);
}

TEST(foreign_threads_are_redirected_as_their_shims_wait)
{
    signal_all(guest_pause, TURNS);
}

/* All locks are taken all the time: calls meet them at the door, and go the slow way or come again. */
TEST(foreign_calls_go_on_while_others_have_the_locks)
{
    uint32_t cores = crew_cores();
    struct guest crew[CREW_CORES_MAX];
    uint64_t before[CREW_CORES_MAX];

    for (uint32_t core = 1; core < cores; core++) {
        crew[core] = runner(core, guest_count, 0);
        CREW_UNTIL(told[core][0] != 0, "it runs");
        before[core] = told[core][0];
    }
    for (uint32_t i = 0; i < 100 * TURNS; i++) {
        REQUIRE_OK(thread_set_handler(crew[1 + i % (cores - 1)].thread, 0));
    }
    for (uint32_t core = 1; core < cores; core++) {
        CREW_UNTIL(told[core][0] > before[core] + TURNS, "it still does");
        CHECK(guest_info(&crew[core]).fault == 0, "and finds each call answered");
        CHECK_BETWEEN(crew[core].page->entries, told[core][0], ~0ull, "by its shim");
        REQUIRE_OK(thread_suspend(crew[core].thread));
    }
}
