/* SPDX-License-Identifier: MIT */
/* Budgets: who has used his up does not run. */
#include "boot_test/make.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"
#include "pith/syscall.h"

#define SLACK_NS US(20) /* of one switch, with all that it costs */

static struct worker *spinner(uint32_t priority, ns_t budget, ns_t period)
{
    struct worker *worker = worker_make(worker_spin, 3);

    worker_time(worker, priority, budget, period);
    worker_resume(worker);
    return worker;
}

TEST(a_thread_out_of_budget_does_not_run)
{
    struct worker *limited = spinner(100, US(100), MS(1));
    struct worker *low = spinner(10, MS(1000), MS(1000));

    sleep_ns(US(500));
    uint64_t count = limited->out[0];

    CHECK(count > 0, "it ran at first");
    sleep_ns(US(300));
    CHECK_EQ(limited->out[0], count, "but not after its budget");
    sleep_ns(MS(10) - US(800));
    CHECK_BETWEEN(used_of(limited->context), US(900), US(1000) + 11 * SLACK_NS,
                  "100 us in each of 10 ms");
    CHECK_BETWEEN(used_of(low->context), MS(8), MS(9) + US(200), "another has the rest");
}

TEST(no_window_of_a_period_has_more_than_the_budget)
{
    struct worker *limited = spinner(100, US(200), MS(1));
    ns_t used[41];

    for (uint32_t i = 0; i < 41; i++) {
        sleep_ns(US(250));
        used[i] = used_of(limited->context);
    }
    for (uint32_t i = 4; i < 41; i++) {
        CHECK_BETWEEN(used[i] - used[i - 4], 0, US(200) + 3 * SLACK_NS, "in any millisecond");
    }
}

static struct worker *spinner_with_spare(uint32_t spare, ns_t budget, ns_t period)
{
    struct worker *worker = spinner(100, budget, period);

    REQUIRE_OK(sched_context_set_spare(worker->context, MACHINE, spare));
    return worker;
}

TEST(with_spare_time_it_goes_on_when_nobody_else_wants_to)
{
    struct worker *limited = spinner_with_spare(5, US(100), MS(1));

    sleep_ns(MS(10));
    CHECK_BETWEEN(used_of(limited->context), MS(9) + US(900), MS(10) + SLACK_NS,
                  "all that there is");
    struct worker *other = spinner(10, MS(1000), MS(1000));
    ns_t before = used_of(limited->context);

    sleep_ns(MS(10));
    CHECK_BETWEEN(used_of(limited->context) - before, US(900), US(1000) + 11 * SLACK_NS,
                  "beside a more important one its budget, whatever it had before");
    CHECK_BETWEEN(used_of(other->context), MS(8) + US(700), MS(9) + US(200), "which has the rest");
}

TEST(spare_time_is_shared_by_turns_of_the_budgets)
{
    struct worker *small = spinner_with_spare(5, US(100), MS(2));
    struct worker *large = spinner_with_spare(5, US(300), MS(2));

    sleep_ns(MS(20));
    CHECK_BETWEEN(used_of(small->context), MS(4), MS(6), "a quarter");
    CHECK_BETWEEN(used_of(large->context), MS(14), MS(16), "three quarters");
}

/*
 * Its budget comes back before a slice of spare time is over, again and again: it must not pass
 * by its equals each time.
 */
TEST(spare_time_begins_behind_its_equals)
{
    struct worker *often = spinner_with_spare(5, US(300), US(500));
    struct worker *other = spinner(5, US(500), US(500));

    sleep_ns(MS(20));
    CHECK_BETWEEN(used_of(often->context), MS(12) - US(500), MS(16), "its budget, and some more");
    CHECK_BETWEEN(used_of(other->context), MS(4), MS(8) + US(500), "half of the rest at least");
}

TEST(spare_time_ends_and_changes_at_once)
{
    struct worker *limited = spinner_with_spare(5, US(100), MS(1000));
    struct worker *other = spinner(10, MS(1000), MS(1000));

    sleep_ns(US(500));
    uint64_t count = limited->out[0];

    sleep_ns(US(500));
    CHECK_EQ(limited->out[0], count, "another is more important");
    CHECK_OK(sched_context_set_spare(limited->context, MACHINE, 20));
    sleep_ns(US(500));
    CHECK(limited->out[0] > count, "it is not any more");
    count = other->out[0];
    sleep_ns(US(500));
    CHECK_EQ(other->out[0], count, "and waits");
    CHECK_OK(sched_context_set_spare(limited->context, MACHINE, 0));
    sleep_ns(US(100));
    count = limited->out[0];
    sleep_ns(US(500));
    CHECK_EQ(limited->out[0], count, "without spare time it stops where its budget did");
    CHECK(other->out[0] > 0, "and the other one has the time");
}

/* A control loop: every arg[1] ns, for a moment; out[0] is how late it was at worst. */
static void beat(struct worker *worker)
{
    ns_t next = clock_now();

    for (uint64_t i = 0; i < worker->arg[2]; i++) {
        struct message message = { .op = OP(SYSCALL_WAIT, worker->arg[0]),
                                   .time = next += worker->arg[1],
                                   .bits = 1 };

        (void)message_do(&message);
        ns_t late = clock_now() - next;

        worker->out[0] = late > worker->out[0] ? late : worker->out[0];
        spin_rounds(worker->arg[3]);
    }
}

/*
 * It uses half of its budget in many small pieces, more than there are places to note when each comes back: they must come
 * back soon enough for the next.
 */
TEST(a_thread_that_uses_less_than_its_budget_never_lacks_it)
{
    struct worker *loop = worker_make(beat, 3);

    loop->arg[0] = make(OBJECT_NOTIFICATION, 3);
    loop->arg[1] = US(500);
    loop->arg[2] = 300;
    loop->arg[3] = rounds_of(US(8));
    worker_time(loop, 100, US(400), MS(10));
    worker_resume(loop);
    REQUIRE(worker_join(loop), "300 beats end");
    CHECK_BETWEEN(used_of(loop->context) / 300, US(5), US(18), "each takes about 10 us");
    CHECK_BETWEEN(loop->out[0], 0, US(100), "none has to wait for budget");
}

TEST(contexts_of_one_priority_share_by_turns)
{
    struct worker *first = spinner(50, US(200), US(200));
    struct worker *second = spinner(50, US(200), US(200));
    struct worker *third = spinner(50, US(400), US(400));

    sleep_ns(MS(8));
    CHECK_BETWEEN(used_of(first->context), MS(2) - US(400), MS(2) + US(400), "a quarter");
    CHECK_BETWEEN(used_of(second->context), MS(2) - US(400), MS(2) + US(400), "a quarter");
    CHECK_BETWEEN(used_of(third->context), MS(4) - US(600), MS(4) + US(600), "half");
}

TEST(configure_refills_and_changes_priority)
{
    struct worker *worker = spinner(50, US(100), MS(1000));
    struct worker *other = spinner(60, MS(1000), MS(1000));

    sleep_ns(US(300));
    CHECK_EQ(worker->out[0], 0, "the other one is more important");
    CHECK_OK(sched_context_configure(other->context, MACHINE, 40, MS(1000), MS(1000), 0));
    sleep_ns(US(300));
    uint64_t count = worker->out[0];

    CHECK(count > 0, "now this one is");
    sleep_ns(US(300));
    CHECK_EQ(worker->out[0], count, "until its budget is used up");
    CHECK_OK(sched_context_configure(worker->context, MACHINE, 50, US(100), MS(1000), 0));
    sleep_ns(US(300));
    CHECK(worker->out[0] > count, "configuring refills");
}

TEST(a_passive_thread_runs_only_on_lent_time)
{
    struct worker *worker = worker_make(worker_spin, 3);

    worker_resume(worker);
    sleep_ns(MS(1));
    CHECK_EQ(worker->out[0], 0, "nobody lends");
    CHECK_EQ(state_of(worker->thread), THREAD_STATE_READY, "though it could run");
    worker_time(worker, 20, MS(1), MS(1));
    sleep_ns(MS(1));
    uint64_t count = worker->out[0];

    CHECK(count > 0, "with a context it does");
    CHECK_OK(sched_context_unbind(worker->context));
    sleep_ns(MS(1));
    CHECK_EQ(worker->out[0], count, "and without it no more");
}

/* Work for so many rounds for each call. */
static void serve(struct worker *worker)
{
    struct message message = receive_from((cap_addr_t)worker->arg[0]);

    while (message_do(&message) == ERR_OK) {
        spin_rounds(message.words[0]);
        worker->out[0]++;
        worker->out[1] = clock_now();
        message.op = OP(SYSCALL_REPLY_RECEIVE, worker->arg[0]);
        message.info = MSG_INFO(0, 0, 0);
        message.time = DEADLINE_NEVER;
        message.bits = 0;
    }
}

static void call_once(struct worker *worker)
{
    struct message message = call_to((cap_addr_t)worker->arg[0], 1, DEADLINE_NEVER);

    message.words[0] = worker->arg[1];
    message.info = MSG_INFO(1, 1, 0);
    worker->out[0] = message_do(&message);
    worker->out[1] = clock_now();
}

static struct worker *server_of(cap_addr_t endpoint)
{
    struct worker *server = worker_make(serve, 3);

    server->arg[0] = endpoint;
    worker_resume(server);
    return server;
}

static struct worker *caller_of(cap_addr_t endpoint, uint64_t rounds, uint32_t priority,
                                ns_t budget, ns_t period)
{
    struct worker *caller = worker_make(call_once, 8);

    caller->arg[0] = endpoint;
    caller->arg[1] = rounds;
    worker_time(caller, priority, budget, period);
    worker_resume(caller);
    return caller;
}

/* A passive server needs somebody's time to get to its first receive. */
static struct worker *server_ready(cap_addr_t endpoint)
{
    struct worker *server = server_of(endpoint);

    worker_time(server, 200, MS(1000), MS(1000));
    settle();
    REQUIRE_OK(sched_context_unbind(server->context));
    return server;
}

TEST(a_call_lends_its_time_to_a_passive_server)
{
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 5);
    struct worker *server = server_ready(endpoint);
    struct worker *caller = caller_of(endpoint, rounds_of(MS(1)), 30, MS(1000), MS(1000));

    REQUIRE(worker_join(caller), "the call ends");
    CHECK_EQ(caller->out[0], ERR_OK, "well");
    CHECK_EQ(server->out[0], 1, "the server did it");
    CHECK_BETWEEN(used_of(caller->context), US(900), US(1300), "on the caller's time");
}

TEST(a_lent_call_stalls_when_the_budget_ends_and_goes_on_after)
{
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 5);
    struct worker *server = server_ready(endpoint);
    ns_t start = clock_now();
    struct worker *caller = caller_of(endpoint, rounds_of(US(500)), 30, US(200), MS(2));

    sleep_ns(US(1500));
    CHECK_EQ(server->out[0], 0, "the budget is gone, the work is not done");
    CHECK_BETWEEN(used_of(caller->context), US(200), US(200) + SLACK_NS, "all of the budget");
    sleep_ns(MS(5));
    CHECK(caller->is_done, "with the third budget it is");
    CHECK_BETWEEN(caller->out[1] - start, MS(4), MS(4) + US(300), "after two periods");
}

TEST(a_call_on_spare_time_is_as_important_as_that)
{
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 5);
    struct worker *server = server_ready(endpoint);
    struct worker *caller = caller_of(endpoint, rounds_of(US(500)), 30, US(200), MS(500));

    REQUIRE_OK(sched_context_set_spare(caller->context, MACHINE, 5));
    struct worker *other = spinner(10, MS(1), MS(1));

    sleep_ns(MS(2));
    CHECK_EQ(server->out[0], 0, "the server's caller has only spare time, another is above that");
    CHECK_OK(sched_context_unbind(other->context));
    sleep_ns(US(600));
    CHECK_EQ(server->out[0], 1, "now the server gets it");
    CHECK(caller->is_done, "and the caller its answer");
}

TEST(a_server_that_stalls_goes_on_with_the_time_of_the_next)
{
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 5);
    struct worker *server = server_ready(endpoint);
    struct worker *poor = caller_of(endpoint, rounds_of(US(500)), 30, US(200), MS(500));

    sleep_ns(MS(1));
    CHECK_EQ(server->out[0], 0, "stalled");
    ns_t start = clock_now();
    struct worker *rich = caller_of(endpoint, 10, 20, MS(1000), MS(1000));

    REQUIRE(worker_join(rich), "the next caller is not held up for long");
    CHECK_EQ(rich->out[0], ERR_OK, "and is served");
    CHECK_BETWEEN(rich->out[1] - start, US(250), US(450), "after what was left of the first call");
    CHECK_EQ(server->out[0], 2, "both calls were worked off");
    CHECK(!poor->is_done, "the first caller has its answer, and no time to look at it");
    CHECK_EQ(state_of(poor->thread), THREAD_STATE_READY, "it is ready");
    CHECK_OK(sched_context_configure(poor->context, MACHINE, 30, MS(1), MS(1), 0));
    sleep_ns(US(100));
    CHECK(poor->is_done, "with time it sees it");
}
