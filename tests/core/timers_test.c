/* SPDX-License-Identifier: MIT */
/* Timers with a period, step by step: when they go on. */
#include "arch_host/machine.h"
#include "cap/cap.h"
#include "core/core.h"
#include "object/device_objects.h"
#include "object/thread.h"
#include "situation.h"

enum { BELL = 40, BADGED = 50, TIMER = 70, COUNT = 12, PERIOD_NS = 10000 };

static const struct timer *timer_at(uint32_t slot)
{
    return cap_at(slot)->object;
}

static bool is_queued(uint32_t number)
{
    return timer_at(TIMER + number)->timed.node.is_queued;
}

static err_t set(uint32_t timer, uint32_t notification)
{
    return CALL(timer, TIMER_SET, notification, host_time() + PERIOD_NS, PERIOD_NS, 15);
}

/* Timers that signal a bit each; all are set. */
static void timers_make(uint32_t count)
{
    situation_begin();
    OK(object_make(OBJECT_NOTIFICATION, 3, BELL), "a notification");
    for (uint32_t i = 0; i < count; i++) {
        OK(slot_mint(BELL, BADGED + i, 1ull << i), "a badge");
        OK(object_make(OBJECT_TIMER, 0, TIMER + i), "a timer");
        OK(set(TIMER + i, BADGED + i), "set");
    }
}

/* Returns the bits. */
static uint64_t poll(uint64_t mask)
{
    err_t err = request_run(&(struct request){ SYSCALL_POLL, BELL, 0, 0, mask, { 0 } });

    return err == ERR_OK ? the_core()->current->registers.bits : 0;
}

static void periods_pass(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        host_time_advance(PERIOD_NS);
        (void)host_interrupts_deliver(the_core());
        CHECK(situation_is_sound(), "at each end");
    }
}

TEST(a_timer_ends_once_until_it_is_taken)
{
    timers_make(1);
    periods_pass(1);
    CHECK(!is_queued(0), "it waits");
    CHECK_EQ(host_time_armed(the_core()) > host_time() + 2 * PERIOD_NS, 1, "so does the hardware");
    host_time_advance(5 * PERIOD_NS + 100);
    CHECK_EQ(host_interrupts_deliver(the_core()), 0, "nothing comes");
    CHECK_EQ(poll(1), 1, "it is taken");
    CHECK(is_queued(0), "it goes on");
    CHECK_EQ(timer_at(TIMER)->timed.node.key - host_time() < PERIOD_NS, 1, "in its beat");
    situation_is_sound();
    periods_pass(1);
    CHECK_EQ(poll(2), 0, "another's bits");
    CHECK(!is_queued(0), "are not what it waits for");
    situation_end();
}

TEST(so_many_timers_go_on_at_once)
{
    timers_make(COUNT);
    periods_pass(2);
    CHECK_EQ(__builtin_popcountll(poll(~0ull)), CORE_STEPS_MAX, "those that go on");
    situation_is_sound();
    CHECK_EQ(__builtin_popcountll(poll(~0ull)), COUNT - CORE_STEPS_MAX, "and the others");
    for (uint32_t i = 0; i < COUNT; i++) {
        CHECK(is_queued(i), "all go on");
    }
    situation_is_sound();
    situation_end();
}

TEST(each_bit_has_one_timer_with_a_period)
{
    timers_make(2);
    OK(slot_mint(BELL, BADGED + 2, 6), "two bits, of which the lowest is another's");
    OK(object_make(OBJECT_TIMER, 0, TIMER + 2), "a timer");
    CHECK_EQ(set(TIMER + 2, BADGED), ERR_BUSY, "the bit is taken");
    CHECK_EQ(set(TIMER + 2, BADGED + 2), ERR_BUSY, "and so is this one");
    OK(CALL(TIMER + 2, TIMER_SET, BADGED, host_time() + PERIOD_NS, 0, 15), "once it may signal it");
    OK(set(TIMER, BADGED), "its own may be set again");
    periods_pass(1);
    OK(set(TIMER, BADGED), "while it waits, too");
    CHECK(is_queued(0), "it waits no more");
    CHECK_EQ(set(TIMER, BADGED + 1), ERR_BUSY, "not for another's");
    OK(CALL(TIMER + 1, TIMER_CANCEL, 0), "which is cancelled while it waits");
    CHECK_EQ(result_word(0), 1, "it was set");
    OK(set(TIMER, BADGED + 1), "now it may");
    OK(set(TIMER + 2, BADGED), "and what it had is free");
    situation_is_sound();
    situation_end();
}

TEST(a_timer_that_waits_may_go_and_so_may_what_it_signals)
{
    timers_make(3);
    periods_pass(1);
    OK(slot_delete(TIMER + 1), "one goes");
    situation_is_sound();
    OK(slot_delete(BADGED), "what another signals with goes");
    situation_is_sound();
    CHECK_EQ(poll(~0ull), 7, "their bits are there");
    CHECK(!is_queued(0) && is_queued(2), "who is left goes on");
    periods_pass(1);
    OK(slot_delete(BELL), "the notification goes");
    situation_is_sound();
    OK(CALL(TIMER + 2, TIMER_CANCEL, 0), "it is nobody's");
    CHECK_EQ(result_word(0), 0, "and not set");
    situation_end();
}

TEST(a_timer_for_whom_a_bound_thread_waits_goes_on_once)
{
    enum { SERVER = 90, ENDPOINT = 94, ROUNDS = 5 };

    situation_begin();
    OK(object_make(OBJECT_NOTIFICATION, 3, BELL), "a notification");
    OK(slot_mint(BELL, BADGED, 1), "a badge");
    OK(object_make(OBJECT_TIMER, 0, TIMER), "a timer");
    OK(object_make(OBJECT_ENDPOINT, 3, ENDPOINT), "an endpoint");
    thread_make(SERVER, 2, 200);
    OK(CALL(SERVER, THREAD_BIND_NOTIFICATION, BELL, ~0ull), "whom it is bound to");
    thread_begin(SERVER);
    OK(set(TIMER, BADGED), "set");
    for (uint32_t i = 0; i < ROUNDS; i++) {
        (void)call_receive(ENDPOINT, DEADLINE_NEVER);
        CHECK_EQ(thread_at(SERVER)->state, THREAD_STATE_RECEIVING, "it waits");
        periods_pass(1);
        CHECK_EQ(thread_at(SERVER)->state, THREAD_STATE_READY, "for one period");
        CHECK(timer_at(TIMER)->timed.node.key - host_time() < PERIOD_NS, "and so the next time");
    }
    situation_end();
}

/* Those that end again before the next look do not keep out those that were left. */
TEST(all_timers_of_a_notification_have_their_turns)
{
    uint64_t seen = 0;

    timers_make(COUNT);
    for (uint32_t i = 0; i < 2; i++) {
        periods_pass(2);
        seen |= poll(~0ull);
    }
    CHECK_EQ(seen, (1ull << COUNT) - 1, "all were taken");
    situation_end();
}
