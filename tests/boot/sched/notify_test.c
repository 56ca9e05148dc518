/* SPDX-License-Identifier: MIT */
/* Bound notifications and timers. */
#include "boot_test/make.h"
#include "boot_test/pair.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"
#include "pith/syscall.h"

#define LATE_NS US(20)

TEST(a_bound_notification_ends_receive_under_both_masks)
{
    struct pair pair = pair_make();
    cap_addr_t notification = make(OBJECT_NOTIFICATION, 0);
    cap_addr_t one = mint_of(notification, RIGHT_SIGNAL, 0x1);
    cap_addr_t two = mint_of(notification, RIGHT_SIGNAL, 0x2);
    cap_addr_t four = mint_of(notification, RIGHT_SIGNAL, 0x4);
    uint64_t bits = 0;

    REQUIRE_OK(thread_bind_notification(pair.server->thread, notification, 0x3));
    worker_act(pair.server, receive_until(pair.endpoint, DEADLINE_NEVER, 0x6));
    CHECK_OK(notification_signal(one));
    settle();
    CHECK(!pair.server->is_done, "bit 0 is not in the receive's mask");
    CHECK_OK(notification_signal(four));
    settle();
    CHECK(!pair.server->is_done, "bit 2 is not in the binding's mask");
    CHECK_OK(notification_signal(two));
    settle();
    CHECK_OK(worker_result(pair.server));
    CHECK_EQ(MSG_LABEL(pair.server->message.info), MSG_LABEL_NOTIFIED, "label");
    CHECK_EQ(MSG_WORDS(pair.server->message.info), 0, "no words");
    CHECK_EQ(pair.server->message.bits, 0x2, "the bit under both masks");
    CHECK_OK(notification_poll(notification, ~0ull, &bits));
    CHECK_EQ(bits, 0x5, "the others stayed");
    CHECK_OK(notification_signal(two));
    CHECK_OK(worker_result_of(pair.server, receive_until(pair.endpoint, DEADLINE_NEVER, 0x2)));
    CHECK_EQ(pair.server->message.bits, 0x2, "bits that were there before end it at once");
    worker_act(pair.server, receive_until(pair.endpoint, DEADLINE_NEVER, ~0ull));
    CHECK(!pair.server->is_done, "none is left");
    worker_act(pair.caller, call_to(pair.endpoint, 3, DEADLINE_NEVER));
    CHECK_OK(worker_result(pair.server));
    CHECK_EQ(MSG_LABEL(pair.server->message.info), 3, "calls come as well");
    struct message next = reply_receive_on(pair.endpoint, 0, 0);

    next.bits = 1;
    CHECK_OK(notification_signal(one));
    CHECK_OK(worker_result_of(pair.server, next));
    CHECK_OK(worker_result(pair.caller));
    CHECK_EQ(pair.server->message.bits, 0x1, "reply_receive takes bits as well");
}

TEST(binding_finds_bits_that_are_there)
{
    struct pair pair = pair_make();
    cap_addr_t notification = make(OBJECT_NOTIFICATION, 0);
    cap_addr_t one = mint_of(notification, RIGHT_SIGNAL, 0x1);

    CHECK_OK(notification_signal(one));
    worker_act(pair.server, receive_until(pair.endpoint, DEADLINE_NEVER, 0x1));
    REQUIRE_OK(thread_bind_notification(pair.server->thread, notification, 0x1));
    settle();
    CHECK_OK(worker_result(pair.server));
    CHECK_EQ(pair.server->message.bits, 0x1, "it is told at once");
}

TEST(a_bound_notification_may_go)
{
    struct pair pair = pair_make();
    cap_addr_t notification = make(OBJECT_NOTIFICATION, 0);

    REQUIRE_OK(thread_bind_notification(pair.server->thread, notification, 0x1));
    worker_act(pair.server, receive_until(pair.endpoint, DEADLINE_NEVER, 0x1));
    delete (notification);
    settle();
    CHECK(!pair.server->is_done, "it still receives calls");
    worker_act(pair.caller, call_to(pair.endpoint, 3, DEADLINE_NEVER));
    CHECK_OK(worker_result(pair.server));
}

TEST(wait_takes_all_bits_under_its_mask)
{
    cap_addr_t notification = make(OBJECT_NOTIFICATION, 0);
    cap_addr_t many = mint_of(notification, RIGHT_SIGNAL, 0xff);
    struct worker *worker = worker_actor(3, 10);
    uint64_t bits = 0;

    worker_act(worker, wait_for(notification, 0xf0f, DEADLINE_NEVER, 0));
    CHECK_OK(notification_signal(many));
    settle();
    CHECK_OK(worker_result(worker));
    CHECK_EQ(worker->message.bits, 0x0f, "all of them");
    CHECK_OK(notification_poll(notification, ~0ull, &bits));
    CHECK_EQ(bits, 0xf0, "the rest stays");
}

TEST(a_timer_signals_once_on_time)
{
    cap_addr_t notification = make(OBJECT_NOTIFICATION, 0);
    cap_addr_t badged = mint_of(notification, RIGHT_SIGNAL, 0x10);
    cap_addr_t timer = make(OBJECT_TIMER, 0);
    uint64_t bits = 0;
    uint32_t was_set = 9;

    for (ns_t delay = US(50); delay <= MS(200); delay *= 5) {
        ns_t at = clock_now() + delay;

        REQUIRE_OK(timer_set(timer, badged, at, 0, 15));
        CHECK_OK(notification_wait(notification, ~0ull, DEADLINE_NEVER, 0, &bits));
        CHECK_BETWEEN(clock_now(), at, at + LATE_NS, "on time");
        CHECK_EQ(bits, 0x10, "with the badge");
    }
    CHECK_OK(timer_cancel(timer, &was_set));
    CHECK_EQ(was_set, 0, "once");
    REQUIRE_OK(timer_set(timer, badged, 0, 0, 15));
    CHECK_OK(notification_wait(notification, ~0ull, clock_now() + MS(1), 0, &bits));
    REQUIRE_OK(timer_set(timer, badged, clock_now() + US(100), 0, 15));
    CHECK_OK(timer_cancel(timer, &was_set));
    CHECK_EQ(was_set, 1, "it was set");
    CHECK_EQ(notification_wait(notification, ~0ull, clock_now() + MS(1), 0, &bits), ERR_TIMED_OUT,
             "a cancelled timer does not signal");
    REQUIRE_OK(timer_set(timer, badged, clock_now() + US(100), 0, 15));
    REQUIRE_OK(timer_set(timer, badged, clock_now() + MS(50), 0, 15));
    CHECK_EQ(notification_wait(notification, ~0ull, clock_now() + MS(1), 0, &bits), ERR_TIMED_OUT,
             "setting replaces the earlier setting");
}

TEST(a_periodic_timer_does_not_drift)
{
    cap_addr_t notification = make(OBJECT_NOTIFICATION, 0);
    cap_addr_t badged = mint_of(notification, RIGHT_SIGNAL, 0x1);
    cap_addr_t timer = make(OBJECT_TIMER, 0);
    ns_t start = clock_now() + US(200);
    uint64_t bits;

    REQUIRE_OK(timer_set(timer, badged, start, US(77), 15));
    for (uint32_t i = 0; i < 50; i++) {
        CHECK_OK(notification_wait(notification, 1, DEADLINE_NEVER, 0, &bits));
        CHECK_BETWEEN(clock_now(), start + i * US(77), start + i * US(77) + LATE_NS, "each time");
    }
    /* Periods that nobody waited for are one signal. */
    spin_ns(US(77) * 5 + US(30));
    CHECK_OK(notification_wait(notification, 1, clock_now(), 0, &bits));
    CHECK_OK(notification_wait(notification, 1, DEADLINE_NEVER, 0, &bits));
    CHECK_BETWEEN((clock_now() - start) % US(77), 0, LATE_NS, "and the beat is kept");
}

TEST(many_timers)
{
    cap_addr_t timers = make_row(OBJECT_TIMER, 0, 40);
    cap_addr_t notification = make(OBJECT_NOTIFICATION, 0);
    ns_t start = clock_now() + US(400);
    uint64_t seen = 0;
    uint64_t bits = 0;

    for (uint32_t i = 0; i < 40; i++) {
        cap_addr_t badged = mint_of(notification, RIGHT_SIGNAL, 1ull << i);

        REQUIRE_OK(timer_set(timers + i, badged, start + i * 13 % 40 * US(20), 0, i % 16));
    }
    while (seen != (1ull << 40) - 1) {
        if (!CHECK_OK(notification_wait(notification, ~0ull, start + MS(5), 0, &bits))) {
            break;
        }
        seen |= bits;
    }
    CHECK_BETWEEN(clock_now(), start + 39 * US(20), start + 39 * US(20) + LATE_NS, "all on time");
}

/* Hardware is armed for bands at or above the one that runs: a low event waits, but is not lost. */
TEST(a_timer_of_a_low_band_does_not_disturb_the_important)
{
    cap_addr_t notification = make(OBJECT_NOTIFICATION, 0);
    cap_addr_t badged = mint_of(notification, RIGHT_SIGNAL, 0x1);
    cap_addr_t timer = make(OBJECT_TIMER, 0);
    struct worker *waiter = worker_actor(3, 10);

    worker_act(waiter, wait_for(notification, 1, DEADLINE_NEVER, 0));
    struct worker *spinner = worker_start(worker_spin, 3, 200);

    REQUIRE_OK(timer_set(timer, badged, clock_now() + US(100), 0, 0));
    sleep_ns(MS(2));
    CHECK(!waiter->is_done, "it could not have run");
    CHECK_OK(thread_suspend(spinner->thread));
    sleep_ns(US(100));
    CHECK(waiter->is_done, "when it can, it hears of it");
}
