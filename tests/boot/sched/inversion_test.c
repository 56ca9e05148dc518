/* SPDX-License-Identifier: MIT */
/*
 * How long the important wait for the less important, while somebody in between spins: at most for the work that
 * was begun, plus BOUND_NS. Every thread here but the medium one works for a known time.
 */
#include "boot_test/make.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"
#include "pith/syscall.h"

#define LOW 20u
#define MEDIUM 50u
#define HIGH 100u
#define BOUND_NS US(30) /* switches, calls, and what the measuring costs */
#define WORK_NS MS(1)
#define FIRST_NS US(200) /* when the medium thread begins to spin, from the start */
#define THEN_NS US(300)  /* when the high one begins */

static void spin_later(struct worker *worker)
{
    uint64_t bits;

    (void)!notification_wait((cap_addr_t)worker->arg[0], 1, worker->arg[1], 0, &bits);
    for (;;) {
        worker->out[0]++;
    }
}

static struct worker *medium_at(ns_t at)
{
    struct worker *worker = worker_make(spin_later, 9);

    worker->arg[0] = make(OBJECT_NOTIFICATION, 0);
    worker->arg[1] = at;
    worker_time(worker, MEDIUM, MS(10000), MS(10000));
    worker_resume(worker);
    return worker;
}

/* What servers at the end of a chain have worked off, in order. */
#define WORK_LOG 8u
static volatile uint64_t work_done[WORK_LOG];
static volatile uint32_t work_count;

/* Serves: works for word 0 rounds, calls on to arg[1] with that much if there is one. */
static void serve(struct worker *worker)
{
    struct message message = receive_from((cap_addr_t)worker->arg[0]);

    while (message_do(&message) == ERR_OK) {
        uint64_t rounds = message.words[0];

        if (worker->arg[1] != 0) {
            struct message on = call_to((cap_addr_t)worker->arg[1], 1, DEADLINE_NEVER);

            on.words[0] = rounds;
            on.info = MSG_INFO(1, 1, 0);
            (void)!message_do(&on);
        } else {
            spin_rounds(rounds);
            work_done[work_count++ % WORK_LOG] = rounds;
        }
        worker->out[0] = clock_now();
        message = reply_receive_on((cap_addr_t)worker->arg[0], 0, 0);
    }
}

static struct worker *server_make(cap_addr_t endpoint, uint32_t rank, cap_addr_t next)
{
    struct worker *server = worker_make(serve, rank);

    server->arg[0] = endpoint;
    server->arg[1] = next;
    worker_time(server, 200, MS(1000), MS(1000));
    worker_resume(server);
    settle();
    REQUIRE_OK(sched_context_unbind(server->context));
    return server;
}

/*
 * Calls arg[0] with arg[1] rounds of work at time arg[2]. out: error, begin, end, and, if arg[4] is a context, what
 * of it was used at the beginning.
 */
static void call_later(struct worker *worker)
{
    struct message message = call_to((cap_addr_t)worker->arg[0], 1, DEADLINE_NEVER);
    uint64_t bits;

    (void)!notification_wait((cap_addr_t)worker->arg[3], 1, worker->arg[2], 0, &bits);
    message.words[0] = worker->arg[1];
    message.info = MSG_INFO(1, 1, 0);
    if (worker->arg[4] != 0) {
        worker->out[3] = used_of((cap_addr_t)worker->arg[4]);
    }
    worker->out[1] = clock_now();
    worker->out[0] = message_do(&message);
    worker->out[2] = clock_now();
}

static struct worker *caller_at(cap_addr_t endpoint, uint64_t rounds, uint32_t priority, ns_t at)
{
    struct worker *caller = worker_make(call_later, 12);

    caller->arg[0] = endpoint;
    caller->arg[1] = rounds;
    caller->arg[2] = at;
    caller->arg[3] = make(OBJECT_NOTIFICATION, 0);
    worker_time(caller, priority, MS(10000), MS(10000));
    worker_resume(caller);
    return caller;
}

static void check_latency(struct worker *high, const struct worker *medium, ns_t most)
{
    if (!CHECK(worker_join(high), "the high caller is served")) {
        return;
    }
    CHECK_EQ(high->out[0], ERR_OK, "its call went well");
    CHECK_BETWEEN(high->out[2] - high->out[1], 0, most, "it waits for what was begun, not more");
    sleep_ns(US(50));
    CHECK(medium->out[0] > 0, "the medium thread spins, now that it may");
}

/* What a call with WORK_NS of work takes when nobody else is there. */
static ns_t time_alone(cap_addr_t endpoint)
{
    struct worker *caller = caller_at(endpoint, rounds_of(WORK_NS), LOW, 0);

    REQUIRE(worker_join(caller), "it ends");
    return used_of(caller->context);
}

/* How much of the low one's work was left when the high one came. */
static ns_t left_of(ns_t alone, uint64_t used)
{
    CHECK_BETWEEN(used, US(50), alone - US(50), "the low one was in the middle of it");
    return alone - used;
}

TEST(a_busy_low_server)
{
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 5);
    ns_t start;

    (void)server_make(endpoint, 3, 0);
    ns_t alone = time_alone(endpoint);

    start = clock_now() + US(100);
    struct worker *low = caller_at(endpoint, rounds_of(WORK_NS), LOW, 0);
    struct worker *medium = medium_at(start + FIRST_NS);
    struct worker *high = caller_at(endpoint, 1, HIGH, start + THEN_NS);

    high->arg[4] = low->context;
    sleep_ns(US(600));
    CHECK(!high->is_done, "the server is still busy");
    check_latency(high, medium, left_of(alone, high->out[3]) + BOUND_NS);
}

TEST(a_busy_low_server_behind_a_server)
{
    cap_addr_t front = make(OBJECT_ENDPOINT, 9);
    cap_addr_t back = make(OBJECT_ENDPOINT, 5);
    ns_t start;

    (void)server_make(back, 3, 0);
    (void)server_make(front, 7, back);
    ns_t alone = time_alone(front);

    start = clock_now() + US(100);
    struct worker *low = caller_at(front, rounds_of(WORK_NS), LOW, 0);
    struct worker *medium = medium_at(start + FIRST_NS);
    struct worker *high = caller_at(front, 1, HIGH, start + THEN_NS);

    high->arg[4] = low->context;
    REQUIRE(worker_join(high), "the high caller is served");
    check_latency(high, medium, left_of(alone, high->out[3]) + 2 * BOUND_NS);
}

TEST(a_busy_server_shared_by_two_servers)
{
    cap_addr_t first = make(OBJECT_ENDPOINT, 9);
    cap_addr_t second = make(OBJECT_ENDPOINT, 9);
    cap_addr_t back = make(OBJECT_ENDPOINT, 5);
    ns_t start;

    (void)server_make(back, 3, 0);
    (void)server_make(first, 7, back);
    (void)server_make(second, 7, back);
    ns_t alone = time_alone(first);

    start = clock_now() + US(100);
    struct worker *low = caller_at(first, rounds_of(WORK_NS), LOW, 0);
    struct worker *medium = medium_at(start + FIRST_NS);
    struct worker *high = caller_at(second, 1, HIGH, start + THEN_NS);

    high->arg[4] = low->context;
    REQUIRE(worker_join(high), "the high caller is served");
    check_latency(high, medium, left_of(alone, high->out[3]) + 2 * BOUND_NS);
}

/* Takes the lock arg[0], at time arg[2], lending to arg[4]; works arg[1] rounds; gives it back. */
static void lock_and_work(struct worker *worker)
{
    cap_addr_t lock = (cap_addr_t)worker->arg[0];
    uint64_t bits;

    (void)!notification_wait((cap_addr_t)worker->arg[3], 1, worker->arg[2], 0, &bits);
    if (worker->arg[5] != 0) {
        worker->out[4] = used_of((cap_addr_t)worker->arg[5]);
    }
    worker->out[1] = clock_now();
    worker->out[0] = notification_wait(lock, 1, DEADLINE_NEVER, (cap_addr_t)worker->arg[4], &bits);
    worker->out[2] = clock_now();
    spin_rounds(worker->arg[1]);
    (void)!notification_signal(lock);
    worker->out[3] = clock_now();
}

/* One that lends to another has to have a higher rank. */
static struct worker *locker_at(cap_addr_t lock, uint64_t rounds, uint32_t priority, ns_t at,
                                cap_addr_t lend)
{
    struct worker *worker = worker_make(lock_and_work, lend != 0 ? 9 : 5);

    worker->arg[0] = lock;
    worker->arg[1] = rounds;
    worker->arg[2] = at;
    worker->arg[3] = make(OBJECT_NOTIFICATION, 0);
    worker->arg[4] = lend;
    worker_time(worker, priority, MS(10000), MS(10000));
    worker_resume(worker);
    return worker;
}

TEST(a_lock_that_a_low_thread_holds)
{
    cap_addr_t lock = make(OBJECT_NOTIFICATION, 6);
    cap_addr_t bit = mint_of(lock, RIGHTS_ALL, 1);

    REQUIRE_OK(notification_signal(bit));
    struct worker *first = locker_at(bit, rounds_of(WORK_NS), LOW, 0, 0);

    REQUIRE(worker_join(first), "it ends");
    ns_t alone = used_of(first->context);
    ns_t start = clock_now() + US(100);
    struct worker *low = locker_at(bit, rounds_of(WORK_NS), LOW, 0, 0);
    struct worker *medium = medium_at(start + FIRST_NS);
    struct worker *high = locker_at(bit, 1, HIGH, start + THEN_NS, low->thread);

    high->arg[5] = low->context;
    REQUIRE(worker_join(high), "the high one gets it");
    check_latency(high, medium, left_of(alone, high->out[4]) + BOUND_NS);
    CHECK(high->out[2] >= low->out[3] || low->out[3] == 0, "one at a time");
}

TEST(a_lock_handed_over_takes_the_time_of_those_who_wait)
{
    cap_addr_t lock = make(OBJECT_NOTIFICATION, 6);
    cap_addr_t bit = mint_of(lock, RIGHTS_ALL, 1);
    ns_t start = clock_now() + US(100);

    /* Two low threads take turns; the second holds it when the high one waits for the first. */
    REQUIRE_OK(notification_signal(bit));
    struct worker *first = locker_at(bit, rounds_of(US(500)), LOW, 0, 0);
    struct worker *medium = medium_at(start + FIRST_NS);
    struct worker *high = locker_at(bit, 1, HIGH, start + THEN_NS, first->thread);
    struct worker *higher = locker_at(bit, 1, HIGH + 1, start + THEN_NS, first->thread);

    REQUIRE(worker_join(higher), "the highest gets it first");
    check_latency(high, medium, US(500) + 2 * BOUND_NS);
    CHECK(higher->out[2] <= high->out[2], "in order of priority");
}

/* Receives, defers, adopts at once, works, answers. */
static void defer_and_adopt(struct worker *worker)
{
    struct message message = receive_from((cap_addr_t)worker->arg[0]);
    cap_addr_t reply = (cap_addr_t)worker->arg[1];

    worker->out[0] = message_do(&message);
    worker->out[1] = reply_defer(reply);
    spin_rounds(rounds_of(US(100)));
    worker->out[2] = reply_adopt(reply);
    spin_rounds(rounds_of(WORK_NS));
    message = reply_with(0, 0, 0);
    worker->out[3] = message_do(&message);
}

TEST(a_deferred_and_adopted_call)
{
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 5);
    struct worker *server = worker_make(defer_and_adopt, 3);

    server->arg[0] = endpoint;
    server->arg[1] = make(OBJECT_REPLY, 0);
    worker_time(server, LOW, MS(1000), MS(1000));
    worker_resume(server);
    settle();
    ns_t start = clock_now() + US(100);
    struct worker *medium = medium_at(start + US(500));
    struct worker *high = caller_at(endpoint, 1, HIGH, start);

    check_latency(high, medium, US(100) + WORK_NS + US(60) + BOUND_NS);
    CHECK_EQ(server->out[1], ERR_OK, "defer");
    CHECK_EQ(server->out[2], ERR_OK, "adopt");
    CHECK_EQ(server->out[3], ERR_OK, "reply");
    CHECK_BETWEEN(used_of(server->context), US(90), US(160),
                  "between defer and adopt the server runs on its own time, else on the caller's");
}

TEST(deferred_work_runs_on_the_servers_own_time)
{
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 5);
    struct worker *server = worker_make(defer_and_adopt, 3);

    server->arg[0] = endpoint;
    server->arg[1] = make(OBJECT_REPLY, 0);
    worker_time(server, LOW, MS(1000), MS(1000));
    worker_resume(server);
    settle();
    ns_t start = clock_now() + US(50);
    struct worker *medium = medium_at(start + US(20));
    struct worker *high = caller_at(endpoint, 1, HIGH, start);

    sleep_ns(MS(3));
    CHECK(medium->out[0] > 0, "the medium thread spins");
    CHECK(!high->is_done, "what a low server does on its own time waits for it");
}

TEST(a_boost_behind_a_queued_caller)
{
    cap_addr_t back = make(OBJECT_ENDPOINT, 5);
    cap_addr_t front = make(OBJECT_ENDPOINT, 9);
    ns_t start;

    (void)server_make(back, 3, 0);
    (void)server_make(front, 7, back);
    work_count = 0;
    start = clock_now() + US(100);
    /* The back server is busy; then two callers queue there, the less important one by way of front. */
    (void)caller_at(back, rounds_of(WORK_NS), LOW, 0);
    struct worker *boosted = caller_at(front, rounds_of(US(100)), LOW + 1, start + US(50));
    struct worker *other = caller_at(back, rounds_of(US(300)), LOW + 5, start + US(60));
    struct worker *medium = medium_at(start + FIRST_NS);
    /* The high one calls front, whose server waits in the queue of back: it moves to its head. */
    struct worker *high = caller_at(front, 1, HIGH, start + THEN_NS);

    /* When front comes with the high one's call, back has begun the other one's work. */
    check_latency(high, medium, WORK_NS - US(100) + US(100) + US(300) + 3 * BOUND_NS);
    CHECK_OK(thread_suspend(medium->thread));
    REQUIRE(worker_join(boosted) && worker_join(other), "all are served in the end");
    CHECK_EQ(work_count, 4, "four calls");
    CHECK_EQ(work_done[1], rounds_of(US(100)), "the boosted one goes before the other");
    CHECK_EQ(work_done[2], rounds_of(US(300)), "which comes next");
    CHECK_EQ(work_done[3], 1, "then that of the high one");
}
