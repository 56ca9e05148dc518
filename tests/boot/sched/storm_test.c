/* SPDX-License-Identifier: MIT */
/*
 * Storms of timers. What the end of a timer takes is of nobody's budget, so it must not be free: one with a period goes on when its signal was taken, by
 * somebody who has time to run.
 */
#include "boot_test/make.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"
#include "pith/syscall.h"

#define TIMERS 24u
#define PERIOD_NS US(10)
#define TEST_NS MS(20)
#define ALL_BITS ((1ull << TIMERS) - 1)

static uint32_t count_of(uint64_t bits)
{
    uint32_t count = 0;

    for (; bits != 0; bits &= bits - 1) {
        count++;
    }
    return count;
}

enum takes { TAKES_NOTHING, TAKES_BY_POLL, TAKES_BY_WAIT };

/* arg: the first timer, the first capability that they signal with, the notification, how many, how their bits are taken; out: errors, bits taken. */
static void timers_set(struct worker *worker)
{
    for (uint32_t i = 0; i < worker->arg[3]; i++) {
        worker->out[0] |= timer_set((cap_addr_t)worker->arg[0] + i, (cap_addr_t)worker->arg[1] + i,
                                    clock_now() + US(50), PERIOD_NS, 15) != ERR_OK;
    }
    while (worker->arg[4] != TAKES_NOTHING) {
        cap_addr_t notification = (cap_addr_t)worker->arg[2];
        uint64_t bits = 0;

        if (worker->arg[4] == TAKES_BY_WAIT) {
            (void)!notification_wait(notification, ALL_BITS, DEADLINE_NEVER, 0, &bits);
        } else {
            (void)!notification_poll(notification, ALL_BITS, &bits);
        }
        worker->out[1] += count_of(bits);
    }
}

struct storm {
    const char *why;
    uint32_t priority, priority_of_timers;
    enum takes takes;
    ns_t budget_ns, period_ns; /* of who sets the timers */
};

/* How far somebody gets beside so many timers that another has set. */
static uint64_t rounds_beside(const struct storm *storm, uint32_t count)
{
    struct worker *worker = worker_make(worker_spin, 3);
    struct worker *other = worker_make(timers_set, 3);
    cap_addr_t notification = make(OBJECT_NOTIFICATION, 0);
    cap_addr_t badged = slots_next(TIMERS);

    for (uint32_t i = 0; i < TIMERS; i++) {
        REQUIRE_OK(cap_table_mint(TABLE, badged + i, TABLE, notification, RIGHTS_ALL, 1ull << i));
    }
    other->arg[0] = make_row(OBJECT_TIMER, 0, TIMERS);
    other->arg[1] = badged;
    other->arg[2] = notification;
    other->arg[3] = count;
    other->arg[4] = count != 0 ? storm->takes : TAKES_NOTHING;
    worker_time(other, storm->priority_of_timers, storm->budget_ns, storm->period_ns);
    worker_resume(other);
    sleep_ns(US(100)); /* all are set */
    worker_time(worker, storm->priority, MS(1000), MS(1000));
    worker_resume(worker);
    sleep_ns(TEST_NS);
    REQUIRE_OK(thread_suspend(worker->thread));
    REQUIRE_OK(thread_suspend(other->thread));
    CHECK_EQ(other->out[0], 0, "they are set without an error");
    CHECK(count == 0 || storm->takes == TAKES_NOTHING || other->out[1] != 0, "some are taken");
    for (uint32_t i = 0; i < TIMERS; i++) {
        delete ((cap_addr_t)other->arg[0] + i);
    }
    return worker->out[0];
}

static void storm_leaves(const struct storm *storm, uint32_t percent)
{
    uint64_t alone = rounds_beside(storm, 0);
    uint64_t beside = rounds_beside(storm, TIMERS);

    test_note("%s: %u of 100 beside %u timers", storm->why, (uint32_t)(beside * 100 / alone),
              TIMERS);
    CHECK(beside * 100 >= alone * percent, storm->why);
}

TEST(timers_of_who_is_less_important_take_nothing)
{
    static const struct storm cases[] = {
        { "the same band, nothing is taken", 79, 64, TAKES_NOTHING, MS(1000), MS(1000) },
        { "the same band, less important takes", 79, 64, TAKES_BY_POLL, MS(1000), MS(1000) },
        { "the same band, less important waits", 79, 64, TAKES_BY_WAIT, MS(1000), MS(1000) },
    };

    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        storm_leaves(&cases[i], 98);
    }
}

TEST(timers_take_no_more_than_a_few_times_what_their_maker_has)
{
    /* He has a hundredth of the time. */
    static const struct storm cases[] = {
        { "below, nothing is taken", 40, 200, TAKES_NOTHING, US(100), MS(10) },
        { "below, more important takes", 40, 200, TAKES_BY_POLL, US(100), MS(10) },
        { "the same band, more important takes", 64, 79, TAKES_BY_POLL, US(100), MS(10) },
        { "the same band, more important waits", 64, 79, TAKES_BY_WAIT, US(100), MS(10) },
    };

    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        storm_leaves(&cases[i], 95);
    }
}

/* One of a period of 1 s, and then others whose signals nobody has taken for long. */
TEST(a_timer_with_a_period_goes_on_when_its_signal_was_taken)
{
    cap_addr_t notification = make(OBJECT_NOTIFICATION, 0);
    cap_addr_t timers = make_row(OBJECT_TIMER, 0, TIMERS);
    ns_t start = clock_now() + US(100);
    uint64_t seen = 0;
    uint64_t bits = 0;

    for (uint32_t i = 0; i < TIMERS; i++) {
        REQUIRE_OK(timer_set(timers + i, mint_of(notification, RIGHT_SIGNAL, 1ull << i), start,
                             MS(1), 15));
    }
    spin_ns(MS(5));
    while (seen != ALL_BITS) {
        REQUIRE_OK(notification_poll(notification, ALL_BITS, &bits));
        CHECK_BETWEEN(count_of(bits), 1, 8, "not more are taken at once");
        CHECK_EQ(seen & bits, 0, "each once");
        seen |= bits;
    }
    CHECK_EQ(notification_poll(notification, ALL_BITS, &bits), ERR_WOULD_BLOCK,
             "what was missed is one signal");
    for (seen = 0; seen != ALL_BITS; seen |= bits) {
        REQUIRE_OK(notification_wait(notification, ALL_BITS, start + MS(8), 0, &bits));
        CHECK_BETWEEN((clock_now() - start) % MS(1), 0, US(40), "all go on, each in its beat");
    }
}

/* What is masked out stays, and its timer with it; who receives takes, too. */
TEST(a_timer_goes_on_for_who_receives)
{
    cap_addr_t notification = make(OBJECT_NOTIFICATION, 0);
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 5);
    cap_addr_t timers = make_row(OBJECT_TIMER, 0, 2);
    struct worker *server = worker_actor(3, 50);
    uint64_t bits;

    REQUIRE_OK(thread_bind_notification(server->thread, notification, ~0ull));
    REQUIRE_OK(timer_set(timers, mint_of(notification, RIGHT_SIGNAL, 1), clock_now() + US(20),
                         US(100), 15));
    REQUIRE_OK(timer_set(timers + 1, mint_of(notification, RIGHT_SIGNAL, 2), clock_now() + US(20),
                         US(100), 15));
    spin_ns(US(500));
    for (uint32_t i = 0; i < 10; i++) {
        worker_act(server, receive_until(endpoint, DEADLINE_NEVER, 2));
        sleep_ns(US(110));
        CHECK_EQ(worker_result(server), ERR_OK, "it is told");
        CHECK_EQ(server->message.bits, 2, "of what it asked for");
    }
    worker_act(server, receive_until(endpoint, DEADLINE_NEVER, ~0ull));
    CHECK_EQ(worker_result(server), ERR_OK, "what it did not ask for");
    CHECK_EQ(server->message.bits & 1, 1, "is still there");
    /* Bound while bits are there already, and somebody receives. */
    REQUIRE_OK(thread_bind_notification(server->thread, 0, 0));
    spin_ns(US(500));
    worker_act(server, receive_until(endpoint, DEADLINE_NEVER, ~0ull));
    REQUIRE_OK(thread_bind_notification(server->thread, notification, ~0ull));
    settle();
    CHECK_EQ(worker_result(server), ERR_OK, "it is told at once");
    REQUIRE_OK(thread_bind_notification(server->thread, 0, 0));
    CHECK_OK(notification_wait(notification, 3, clock_now() + MS(1), 0, &bits));
}
