/* SPDX-License-Identifier: MIT */
/* Deadlines of calls, receives and waits. */
#include "boot_test/make.h"
#include "boot_test/pair.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"
#include "pith/syscall.h"

#define LATE_NS US(20) /* how late a time-out may be heard when nobody else runs */

/* Makes worker->message and notes when it returned. */
static void run_message(struct worker *worker)
{
    worker->out[0] = message_do(&worker->message);
    worker->out[1] = clock_now();
}

static struct worker *doing(struct message message, uint32_t rank, uint32_t priority)
{
    struct worker *worker = worker_make(run_message, rank);

    worker->message = message;
    worker_time(worker, priority, MS(1000), MS(1000));
    worker_resume(worker);
    return worker;
}

static void check_timed_out(struct worker *worker, ns_t deadline)
{
    REQUIRE(worker_join(worker), "it ends");
    CHECK_EQ(worker->out[0], ERR_TIMED_OUT, "by its deadline");
    CHECK_BETWEEN(worker->out[1], deadline, deadline + LATE_NS, "on time");
}

TEST(waits_receives_and_calls_end_on_time)
{
    cap_addr_t notification = make(OBJECT_NOTIFICATION, 0);
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 5);
    ns_t deadline = clock_now() + US(700);

    check_timed_out(doing(wait_for(notification, 1, deadline, 0), 3, 20), deadline);
    deadline = clock_now() + MS(3);
    check_timed_out(doing(receive_until(endpoint, deadline, 0), 3, 20), deadline);
    deadline = clock_now() + MS(50);
    check_timed_out(doing(call_to(endpoint, 1, deadline), 8, 20), deadline);
}

/* arg[0]: a notification or endpoint; arg[1]: how often; arg[2]: the system call. */
static void look_often(struct worker *worker)
{
    for (uint64_t i = 0; i < worker->arg[1]; i++) {
        struct message message = { .op = OP(worker->arg[2], worker->arg[0]),
                                   .time = clock_now(),
                                   .bits = 1 };

        worker->out[0] += message_do(&message) == ERR_TIMED_OUT;
    }
}

static void check_looks_only(uint32_t number, cap_addr_t at)
{
    struct worker *low = worker_start(worker_spin, 3, 5);
    struct worker *looker = worker_make(look_often, 3);

    looker->arg[0] = at;
    looker->arg[1] = 500;
    looker->arg[2] = number;
    worker_time(looker, 20, MS(1000), MS(1000));
    sleep_ns(US(100));
    uint64_t before = low->out[0];

    CHECK(before != 0, "the other one runs");
    worker_resume(looker);
    ns_t start = clock_now();

    REQUIRE(worker_join(looker), "it ends");
    CHECK_EQ(looker->out[0], 500, "each look is over at once");
    CHECK_EQ(low->out[0], before, "and nobody else ran meanwhile");
    CHECK_BETWEEN(clock_now() - start, 0, US(500), "without an interrupt each");
    CHECK_OK(thread_suspend(low->thread));
}

TEST(a_deadline_in_the_past_is_no_wait)
{
    check_looks_only(SYSCALL_WAIT, make(OBJECT_NOTIFICATION, 0));
    check_looks_only(SYSCALL_RECEIVE, make(OBJECT_ENDPOINT, 5));
}

TEST(a_deadline_in_the_past_takes_what_is_there)
{
    cap_addr_t notification = mint_of(make(OBJECT_NOTIFICATION, 0), RIGHTS_ALL, 1);
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 5);
    struct worker *caller = worker_actor(8, 20);
    struct worker *server = worker_actor(3, 30);

    CHECK_OK(notification_signal(notification));
    CHECK_EQ(worker_result_of(server, wait_for(notification, 1, 1, 0)), ERR_OK, "a signal");
    worker_act(caller, call_to(endpoint, 7, DEADLINE_NEVER));
    CHECK_EQ(worker_result_of(server, receive_until(endpoint, 1, 0)), ERR_OK, "a call");
    CHECK_EQ(MSG_LABEL(server->message.info), 7, "that call");
    struct message message = reply_receive_on(endpoint, 9, 0);

    message.time = 1;
    CHECK_EQ(worker_result_of(server, message), ERR_TIMED_OUT, "nothing more");
    CHECK_EQ(worker_result(caller), ERR_OK, "but the answer was sent");
    CHECK_EQ(MSG_LABEL(caller->message.info), 9, "that answer");
}

TEST(many_deadlines_come_in_order)
{
    cap_addr_t notification = make(OBJECT_NOTIFICATION, 0);
    struct worker *workers[16];
    ns_t start = clock_now() + US(500);

    for (uint32_t i = 0; i < 16; i++) {
        workers[i] = doing(wait_for(notification, 1, start + i * 7 % 16 * US(50), 0), 3, 20);
    }
    for (uint32_t i = 0; i < 16; i++) {
        check_timed_out(workers[i], start + i * 7 % 16 * US(50));
    }
}

TEST(many_equal_deadlines_all_come)
{
    cap_addr_t notification = make(OBJECT_NOTIFICATION, 0);
    struct worker *workers[20];
    ns_t deadline = clock_now() + US(500);

    for (uint32_t i = 0; i < 20; i++) {
        workers[i] = doing(wait_for(notification, 1, deadline, 0), 3, 20);
    }
    for (uint32_t i = 0; i < 20; i++) {
        REQUIRE(worker_join(workers[i]), "it ends");
        CHECK_EQ(workers[i]->out[0], ERR_TIMED_OUT, "by its deadline");
        CHECK_BETWEEN(workers[i]->out[1], deadline, deadline + 8 * LATE_NS, "about on time");
    }
}

TEST(nested_calls_are_clamped)
{
    cap_addr_t front = make(OBJECT_ENDPOINT, 9);
    cap_addr_t back = make(OBJECT_ENDPOINT, 5);
    struct worker *server = worker_actor(7, 100);
    struct worker *last = worker_actor(3, 100);
    ns_t deadline = clock_now() + MS(2);

    worker_act(server, receive_from(front));
    worker_act(last, receive_from(back));
    struct worker *caller = doing(call_to(front, 1, deadline), 12, 20);

    settle();
    REQUIRE_OK(worker_result(server));
    worker_act(server, call_to(back, 1, DEADLINE_NEVER));
    REQUIRE_OK(worker_result(last));
    CHECK(!server->is_done, "both wait for the last server");
    check_timed_out(caller, deadline);
    sleep_ns(US(50));
    CHECK_EQ(worker_result(server), ERR_TIMED_OUT, "the inner call ended with the outer one");
    CHECK_EQ(worker_result_of(server, reply_with(0, 0, 0)), ERR_CALLER_GONE, "nobody listens");
    CHECK_EQ(worker_result_of(last, reply_with(0, 0, 0)), ERR_CALLER_GONE, "nor there");
}

TEST(nested_calls_keep_an_earlier_deadline_of_their_own)
{
    cap_addr_t front = make(OBJECT_ENDPOINT, 9);
    cap_addr_t back = make(OBJECT_ENDPOINT, 5);
    struct worker *server = worker_actor(7, 100);
    ns_t deadline = clock_now() + MS(4);

    worker_act(server, receive_from(front));
    struct worker *caller = doing(call_to(front, 1, deadline), 12, 20);

    settle();
    worker_act(server, call_to(back, 1, clock_now() + MS(1)));
    sleep_ns(MS(1) + US(100));
    CHECK_EQ(worker_result(server), ERR_TIMED_OUT, "the inner call gave up");
    CHECK(!caller->is_done, "the outer one has time yet");
    CHECK_OK(worker_result_of(server, reply_with(0, 9, 0)));
    settle();
    CHECK_EQ(caller->out[0], ERR_OK, "and is answered");
}

TEST(a_deadline_passes_while_the_server_is_busy)
{
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 5);
    struct worker *server = worker_actor(3, 100);
    struct worker *slow = worker_actor(8, 20);
    ns_t deadline;

    worker_act(server, receive_from(endpoint));
    worker_act(slow, call_to(endpoint, 1, DEADLINE_NEVER));
    deadline = clock_now() + US(500);
    check_timed_out(doing(call_to(endpoint, 2, deadline), 8, 30), deadline);
    CHECK_OK(worker_result_of(server, reply_with(0, 0, 0)));
    worker_act(server, receive_from(endpoint));
    CHECK(!server->is_done, "the one that gave up is not in the queue");
}

static void serve_slowly(struct worker *worker)
{
    struct message message = receive_from((cap_addr_t)worker->arg[0]);

    worker->out[0] = message_do(&message);
    spin_ns(MS(2));
    worker->out[1] = clock_now();
    message = reply_with(0, 0, 0);
    worker->out[2] = message_do(&message);
}

TEST(a_deadline_passes_while_a_passive_server_works)
{
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 5);
    struct worker *server = worker_make(serve_slowly, 3);

    server->arg[0] = endpoint;
    worker_time(server, 100, MS(1000), MS(1000));
    worker_resume(server);
    settle();
    REQUIRE_OK(sched_context_unbind(server->context));
    ns_t deadline = clock_now() + US(500);

    check_timed_out(doing(call_to(endpoint, 1, deadline), 8, 30), deadline);
    sleep_ns(MS(3));
    CHECK_EQ(server->out[1], 0, "nobody's time is left for the server: it stands still");
    REQUIRE_OK(sched_context_bind(server->context, server->thread));
    sleep_ns(MS(3));
    CHECK_EQ(server->out[2], ERR_CALLER_GONE, "with time it goes on and hears");
}

TEST(a_deferred_call_has_its_deadline)
{
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 5);
    cap_addr_t reply = make(OBJECT_REPLY, 0);
    struct worker *server = worker_actor(3, 100);

    worker_act(server, receive_from(endpoint));
    ns_t deadline = clock_now() + MS(1);
    struct worker *caller = doing(call_to(endpoint, 1, deadline), 8, 30);

    settle();
    CHECK_OK(worker_result_of(server, method_of(reply, REPLY_DEFER, 0, NULL)));
    check_timed_out(caller, deadline);
    CHECK_EQ(worker_result_of(server, method_of(reply, REPLY_ADOPT, 0, NULL)), ERR_CALLER_GONE,
             "adopting says so");
}

TEST(deferred_calls_fail_when_the_server_dies)
{
    struct pair pair = pair_connected();
    cap_addr_t reply = make(OBJECT_REPLY, 0);
    struct worker *second = worker_actor(8, 20);

    CHECK_OK(worker_result_of(pair.server, method_of(reply, REPLY_DEFER, 0, NULL)));
    worker_act(second, call_to(pair.endpoint, 2, DEADLINE_NEVER));
    CHECK_OK(worker_result_of(pair.server, receive_from(pair.endpoint)));
    delete (pair.server->thread);
    settle();
    CHECK_EQ(worker_result(pair.caller), ERR_PEER_DIED, "the deferred one");
    CHECK_EQ(worker_result(second), ERR_PEER_DIED, "the one being served");
}

TEST(deferred_calls_fail_when_the_reply_object_goes)
{
    struct pair pair = pair_connected();
    cap_addr_t reply = make(OBJECT_REPLY, 0);

    CHECK_OK(worker_result_of(pair.server, method_of(reply, REPLY_DEFER, 0, NULL)));
    delete (reply);
    settle();
    CHECK(pair.caller->is_done, "the caller does not wait for ever");
    CHECK(pair.caller->message.op != ERR_OK, "and is told that there will be no answer");
}

TEST(several_deferred_calls_are_answered_in_any_order)
{
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 5);
    struct worker *server = worker_actor(3, 100);
    struct worker *callers[4];
    cap_addr_t replies = make_row(OBJECT_REPLY, 0, 4);
    static const uint8_t order[] = { 2, 0, 3, 1 };

    for (uint32_t i = 0; i < 4; i++) {
        callers[i] = worker_actor(8, 20);
        worker_act(callers[i], call_to(endpoint, i, DEADLINE_NEVER));
        CHECK_OK(worker_result_of(server, receive_from(endpoint)));
        CHECK_OK(worker_result_of(server, method_of(replies + i, REPLY_DEFER, 0, NULL)));
    }
    for (uint32_t i = 0; i < 4; i++) {
        CHECK(!callers[order[i]]->is_done, "it waits");
        CHECK_OK(worker_result_of(server, reply_with(replies + order[i], order[i], 0)));
        CHECK_OK(worker_result(callers[order[i]]));
        CHECK_EQ(MSG_LABEL(callers[order[i]]->message.info), order[i], "each its own answer");
    }
}
