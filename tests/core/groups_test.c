/* SPDX-License-Identifier: MIT */
/* Groups of contexts, step by step: what is charged where, how many are parked and woken at once. */
#include "arch_host/machine.h"
#include "cap/cap.h"
#include "core/core.h"
#include "object/sched_context.h"
#include "object/thread.h"
#include "situation.h"

enum { GROUP = 40, NEVER, OTHER, FIRST = 50, MANY = 12, BUDGET_NS = 20000, PERIOD_NS = 1000000 };

static struct sched_context *context_at(uint32_t slot)
{
    return cap_at(slot)->object;
}

/* Threads in slots FIRST, FIRST + 2, ..., from that priority on upwards, their contexts in the group. */
static void members_make(uint32_t count, uint32_t priority)
{
    situation_begin();
    OK(object_make(OBJECT_SCHED_CONTEXT, 0, GROUP), "a group");
    OK(CALL(GROUP, SCHED_CONTEXT_CONFIGURE, ROOT_SLOT_MACHINE, 0, BUDGET_NS, PERIOD_NS, 0),
       "configured");
    OK(object_make(OBJECT_NOTIFICATION, 0, NEVER), "nobody signals it");
    for (uint32_t i = 0; i < count; i++) {
        thread_make(FIRST + 2 * i, 5, priority + i);
        OK(CALL(GROUP, SCHED_CONTEXT_ADD, FIRST + 2 * i + 1), "a member");
    }
}

static uint32_t parked_count(uint32_t count)
{
    uint32_t parked = 0;

    for (uint32_t i = 0; i < count; i++) {
        parked += context_at(FIRST + 2 * i + 1)->waiting.is_queued;
    }
    return parked;
}

/* The root waits for ever: all of them may run. */
static void members_run(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        OK(CALL(FIRST + 2 * i, THREAD_RESUME, 0), "it is ready");
    }
    (void)call_wait(NEVER, 1, 0);
}

TEST(a_member_is_charged_to_both_until_it_leaves)
{
    members_make(1, 120);
    thread_begin(FIRST);
    CHECK(host_time_armed(the_core()) <= host_time() + BUDGET_NS, "the timer knows of the group");
    host_time_advance(7000);
    OK(CALL(GROUP, SCHED_CONTEXT_REMOVE, FIRST + 1), "it leaves");
    uint64_t used_ns = context_at(GROUP)->used_ns;

    CHECK(used_ns >= 7000, "what it used by then");
    CHECK_EQ(used_ns, context_at(FIRST + 1)->used_ns, "both know");
    situation_is_sound();
    host_time_advance(7000);
    OK(CALL(GROUP, SCHED_CONTEXT_INFO, 0), "later");
    CHECK_EQ(result_word(0), used_ns, "the group has no more");
    CHECK_EQ(result_word(1), BUDGET_NS - used_ns, "and something left");
    situation_end();
}

TEST(a_member_that_dies_running_is_charged_first)
{
    members_make(1, 120);
    thread_begin(FIRST);
    host_time_advance(7000);
    OK(slot_delete(FIRST + 1), "its context goes, and with it its time");
    CHECK(the_core()->current == thread_at(ROOT_SLOT_THREAD), "the root goes on");
    CHECK(context_at(GROUP)->used_ns >= 7000, "the group remembers");
    situation_is_sound();
    situation_end();
}

/* Not more in one kernel entry than CORE_STEPS_MAX; the rest at once afterwards. */
TEST(many_members_are_parked_and_woken_step_by_step)
{
    struct core *core;

    members_make(MANY, 20);
    core = the_core();
    members_run(MANY);
    CHECK(core->current == thread_at(FIRST + 2 * (MANY - 1)), "the most important runs");
    host_time_advance(BUDGET_NS);
    CHECK_EQ(host_interrupts_deliver(core), 2, "the end of the budget, and once more at once");
    CHECK(core->current == NULL, "nobody may run");
    CHECK_EQ(parked_count(MANY), MANY, "all are parked");
    situation_is_sound();
    CHECK(host_time_armed(core) >= PERIOD_NS / 2, "until the next refill");
    host_time_advance(host_time_armed(core) - host_time());
    CHECK_EQ(host_interrupts_deliver(core), 2, "they are woken eight at a time");
    CHECK(core->current == thread_at(FIRST + 2 * (MANY - 1)), "the most important runs again");
    CHECK_EQ(parked_count(MANY), 0, "nobody is parked");
    situation_is_sound();
    situation_end();
}

/* The event of a group is for the most important of those parked, then for the next. */
TEST(a_group_wakes_its_members_in_their_own_bands)
{
    struct core *core;

    members_make(2, 20);
    OK(CALL(FIRST + 3, SCHED_CONTEXT_CONFIGURE, ROOT_SLOT_MACHINE, 99, BUDGET_NS * 9, BUDGET_NS * 9,
            0),
       "one is much more important");
    thread_make(OTHER, 5, 60);
    OK(CALL(OTHER, THREAD_RESUME, 0), "another, which is no member, is in between");
    core = the_core();
    members_run(2);
    host_time_advance(BUDGET_NS);
    (void)host_interrupts_deliver(core);
    CHECK(core->current == thread_at(OTHER), "the group is empty, the other one runs");
    CHECK_EQ(parked_count(2), 1, "the more important member was parked");
    OK(CALL(OTHER + 1, SCHED_CONTEXT_CONFIGURE, ROOT_SLOT_MACHINE, 19, 50000, 50000, 0), "falls");
    CHECK_EQ(parked_count(2), 2, "so the turn of the other member comes");
    CHECK_EQ(context_at(GROUP)->replenish.band, 99 / 16, "the more important counts");
    OK(CALL(OTHER + 1, SCHED_CONTEXT_CONFIGURE, ROOT_SLOT_MACHINE, 60, 50000, 50000, 0), "rises");
    while (host_time() < PERIOD_NS + 3 * BUDGET_NS && core->current == thread_at(OTHER)) {
        host_time_advance(5000);
        (void)host_interrupts_deliver(core);
    }
    CHECK_EQ(context_at(FIRST + 3)->waiting.is_queued, false, "it is woken");
    CHECK_EQ(context_at(FIRST + 1)->waiting.is_queued, true,
             "and does not wake the other, which cannot run");
    CHECK_EQ(context_at(GROUP)->replenish.band, 20 / 16, "until its band runs");
    situation_is_sound();
    situation_end();
}
