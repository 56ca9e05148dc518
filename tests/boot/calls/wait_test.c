/* SPDX-License-Identifier: MIT */
/* The errors of calls that wait: who may, and how a wait ends. */
#include "boot_test/errors.h"
#include "boot_test/make.h"
#include "boot_test/pair.h"
#include "boot_test/special.h"
#include "boot_test/test.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"
#include "pith/syscall.h"

TEST(call_refuses)
{
    struct pair pair = pair_make();
    cap_addr_t same = make(OBJECT_ENDPOINT, 8);
    cap_addr_t receive_only = copy_of(pair.endpoint, RIGHT_RECEIVE);
    struct message message = call_to(pair.endpoint, 1, DEADLINE_NEVER);

    EXPECT(SYSCALL, CALL, BAD_CAP,
           worker_result_of(pair.caller, call_to(slot_next(), 1, DEADLINE_NEVER)));
    EXPECT(SYSCALL, CALL, BAD_CAP, worker_result_of(pair.caller, call_to(0, 1, DEADLINE_NEVER)));
    EXPECT(SYSCALL, CALL, NO_RIGHT,
           worker_result_of(pair.caller, call_to(receive_only, 1, DEADLINE_NEVER)));
    EXPECT(SYSCALL, CALL, WOULD_DEADLOCK,
           worker_result_of(pair.caller, call_to(same, 1, DEADLINE_NEVER)));
    message.info = MSG_INFO(1, 65, 0);
    EXPECT(SYSCALL, CALL, RANGE, worker_result_of(pair.caller, message));
    message.info = MSG_INFO(1, 255, 0);
    EXPECT(SYSCALL, CALL, RANGE, worker_result_of(pair.caller, message));
}

TEST(call_times_out_queued_received_and_at_once)
{
    struct pair pair = pair_make();
    ns_t at = clock_now() + US(200);

    worker_act(pair.caller, call_to(pair.endpoint, 1, at));
    sleep_ns(US(400));
    EXPECT(SYSCALL, CALL, TIMED_OUT, worker_result(pair.caller));
    worker_act(pair.caller, call_to(pair.endpoint, 1, clock_now()));
    sleep_ns(US(100));
    EXPECT(SYSCALL, CALL, TIMED_OUT, worker_result(pair.caller));
    worker_act(pair.caller, call_to(pair.endpoint, 1, 0));
    sleep_ns(US(100));
    EXPECT(SYSCALL, CALL, TIMED_OUT, worker_result(pair.caller));
    worker_act(pair.server, receive_from(pair.endpoint));
    CHECK(!pair.server->is_done, "those who have given up are not served");
    worker_act(pair.caller, call_to(pair.endpoint, 1, clock_now() + US(200)));
    CHECK_OK(worker_result(pair.server));
    CHECK(!pair.caller->is_done, "not yet");
    sleep_ns(US(400));
    EXPECT(SYSCALL, CALL, TIMED_OUT, worker_result(pair.caller));
    EXPECT(SYSCALL, REPLY, CALLER_GONE, worker_result_of(pair.server, reply_with(0, 0, 0)));
    EXPECT(SYSCALL, REPLY, NO_CALL, worker_result_of(pair.server, reply_with(0, 0, 0)));
}

TEST(reply_receive_says_that_the_caller_is_gone)
{
    struct pair pair = pair_make();

    worker_act(pair.server, receive_from(pair.endpoint));
    worker_act(pair.caller, call_to(pair.endpoint, 1, clock_now() + US(200)));
    sleep_ns(US(400));
    EXPECT(SYSCALL, REPLY_RECEIVE, CALLER_GONE,
           worker_result_of(pair.server, reply_receive_on(pair.endpoint, 0, 0)));
    worker_act(pair.caller, call_to(pair.endpoint, 7, DEADLINE_NEVER));
    CHECK_OK(worker_result_of(pair.server, reply_receive_on(pair.endpoint, 0, 0)));
    CHECK_EQ(MSG_LABEL(pair.server->message.info), 7, "the next one is received");
}

TEST(calls_fail_when_the_server_dies)
{
    struct pair pair = pair_connected();
    struct worker *queued = worker_actor(8, 20);

    worker_act(queued, call_to(pair.endpoint, 2, DEADLINE_NEVER));
    delete (pair.server->thread);
    settle();
    EXPECT(SYSCALL, CALL, PEER_DIED, worker_result(pair.caller));
    CHECK(!queued->is_done, "a queued call waits for the successor");
    struct worker *successor = worker_actor(3, 100);

    CHECK_OK(worker_result_of(successor, receive_from(pair.endpoint)));
    CHECK_EQ(MSG_LABEL(successor->message.info), 2, "and is served");
    CHECK_OK(worker_result_of(successor, reply_with(0, 0, 0)));
    CHECK_OK(worker_result(queued));
}

TEST(calls_fail_when_the_endpoint_goes)
{
    struct pair pair = pair_connected();
    struct worker *queued = worker_actor(8, 20);

    worker_act(queued, call_to(pair.endpoint, 2, DEADLINE_NEVER));
    delete (pair.endpoint);
    settle();
    EXPECT(SYSCALL, CALL, GONE, worker_result(queued));
    CHECK(!pair.caller->is_done, "a call that was received goes on");
    CHECK_OK(worker_result_of(pair.server, reply_with(0, 3, 0)));
    CHECK_OK(worker_result(pair.caller));
}

TEST(receives_fail_when_the_endpoint_goes)
{
    struct pair pair = pair_make();

    worker_act(pair.server, receive_from(pair.endpoint));
    delete (pair.endpoint);
    settle();
    EXPECT(SYSCALL, RECEIVE, GONE, worker_result(pair.server));
    cap_addr_t other = make(OBJECT_ENDPOINT, 5);

    worker_act(pair.server, reply_receive_on(other, 0, 0));
    delete (other);
    settle();
    EXPECT(SYSCALL, REPLY_RECEIVE, GONE, worker_result(pair.server));
}

TEST(endpoint_cancel_ends_queued_calls_only)
{
    struct pair pair = pair_connected();
    struct worker *first = worker_actor(8, 20);
    struct worker *second = worker_actor(9, 30);
    uint32_t cancelled = 99;

    worker_act(first, call_to(pair.endpoint, 2, DEADLINE_NEVER));
    worker_act(second, call_to(pair.endpoint, 2, DEADLINE_NEVER));
    CHECK_OK(endpoint_cancel(pair.endpoint, &cancelled));
    CHECK_EQ(cancelled, 2, "two were queued");
    settle();
    EXPECT(SYSCALL, CALL, CANCELLED, worker_result(first));
    EXPECT(SYSCALL, CALL, CANCELLED, worker_result(second));
    CHECK_OK(endpoint_cancel(pair.endpoint, &cancelled));
    CHECK_EQ(cancelled, 0, "none is left");
    CHECK(!pair.caller->is_done, "the call that is served goes on");
}

TEST(receive_refuses)
{
    struct pair pair = pair_make();
    cap_addr_t low = make(OBJECT_ENDPOINT, 2);
    cap_addr_t call_only = copy_of(pair.endpoint, RIGHT_CALL);
    cap_addr_t timer = make(OBJECT_TIMER, 0);
    struct worker *other = worker_actor(3, 100);
    struct worker *server = pair.server;

    EXPECT(SYSCALL, RECEIVE, BAD_CAP, worker_result_of(server, receive_from(slot_next())));
    EXPECT(SYSCALL, RECEIVE, WRONG_TYPE, worker_result_of(server, receive_from(timer)));
    EXPECT(SYSCALL, RECEIVE, NO_RIGHT, worker_result_of(server, receive_from(call_only)));
    EXPECT(SYSCALL, RECEIVE, WOULD_DEADLOCK, worker_result_of(server, receive_from(low)));
    EXPECT(SYSCALL, RECEIVE, TIMED_OUT,
           (worker_act(server, receive_until(pair.endpoint, clock_now() + US(100), 0)),
            sleep_ns(US(300)), worker_result(server)));
    EXPECT(SYSCALL, RECEIVE, BUSY, worker_result_of(other, receive_from(pair.endpoint)));
    worker_act(server, receive_from(pair.endpoint));
    CHECK_OK(endpoint_set_server(pair.endpoint, other->thread));
    settle();
    EXPECT(SYSCALL, RECEIVE, CANCELLED, worker_result(server));
    CHECK_OK(endpoint_set_server(pair.endpoint, server->thread));
    worker_act(server, receive_from(pair.endpoint));
    worker_act(pair.caller, call_to(pair.endpoint, 1, DEADLINE_NEVER));
    CHECK_OK(worker_result(server));
    EXPECT(SYSCALL, RECEIVE, BUSY, worker_result_of(server, receive_from(pair.endpoint)));
}

TEST(reply_receive_refuses_endpoints)
{
    struct pair pair = pair_make();
    cap_addr_t low = make(OBJECT_ENDPOINT, 2);
    cap_addr_t call_only = copy_of(pair.endpoint, RIGHT_CALL);
    cap_addr_t timer = make(OBJECT_TIMER, 0);
    struct worker *other = worker_actor(3, 100);
    struct worker *server = pair.server;
    struct message message = reply_receive_on(pair.endpoint, 0, 0);

    EXPECT(SYSCALL, REPLY_RECEIVE, BAD_CAP,
           worker_result_of(server, reply_receive_on(slot_next(), 0, 0)));
    EXPECT(SYSCALL, REPLY_RECEIVE, WRONG_TYPE,
           worker_result_of(server, reply_receive_on(timer, 0, 0)));
    EXPECT(SYSCALL, REPLY_RECEIVE, NO_RIGHT,
           worker_result_of(server, reply_receive_on(call_only, 0, 0)));
    EXPECT(SYSCALL, REPLY_RECEIVE, WOULD_DEADLOCK,
           worker_result_of(server, reply_receive_on(low, 0, 0)));
    message.time = clock_now() + US(100);
    EXPECT(SYSCALL, REPLY_RECEIVE, TIMED_OUT,
           (worker_act(server, message), sleep_ns(US(300)), worker_result(server)));
    EXPECT(SYSCALL, REPLY_RECEIVE, BUSY,
           worker_result_of(other, reply_receive_on(pair.endpoint, 0, 0)));
    worker_act(server, reply_receive_on(pair.endpoint, 0, 0));
    CHECK_OK(thread_suspend(server->thread));
    CHECK_OK(thread_resume(server->thread));
    settle();
    EXPECT(SYSCALL, REPLY_RECEIVE, CANCELLED, worker_result(server));
}

TEST(set_server_refuses_a_higher_rank)
{
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 5);
    cap_addr_t high = make(OBJECT_THREAD, THREAD_SIZE(6));
    cap_addr_t equal = make(OBJECT_THREAD, THREAD_SIZE(5));

    EXPECT(ENDPOINT, SET_SERVER, WOULD_DEADLOCK, endpoint_set_server(endpoint, high));
    CHECK_OK(endpoint_set_server(endpoint, equal));
    CHECK_OK(endpoint_set_server(endpoint, equal));
    CHECK_OK(endpoint_set_server(endpoint, 0));
    CHECK_OK(endpoint_set_server(endpoint, 0));
}

TEST(reply_refuses_capabilities)
{
    struct worker *server = worker_actor(3, 100);
    cap_addr_t timer = make(OBJECT_TIMER, 0);
    cap_addr_t reply = make(OBJECT_REPLY, 0);

    EXPECT(SYSCALL, REPLY, BAD_CAP, worker_result_of(server, reply_with(slot_next(), 0, 0)));
    EXPECT(SYSCALL, REPLY, WRONG_TYPE, worker_result_of(server, reply_with(timer, 0, 0)));
    EXPECT(SYSCALL, REPLY, NO_CALL, worker_result_of(server, reply_with(reply, 0, 0)));
    EXPECT(SYSCALL, REPLY, NO_CALL, worker_result_of(server, reply_with(0, 0, 0)));
}

TEST(defer_and_adopt_refuse)
{
    struct pair pair = pair_connected();
    cap_addr_t reply = make(OBJECT_REPLY, 0);
    cap_addr_t other = make(OBJECT_REPLY, 0);
    struct worker *second = worker_actor(8, 20);
    struct worker *high = worker_actor(8, 20);
    struct worker *server = pair.server;
    struct message defer = method_of(reply, REPLY_DEFER, 0, NULL);
    struct message adopt = method_of(reply, REPLY_ADOPT, 0, NULL);

    EXPECT(REPLY, ADOPT, NO_CALL, worker_result_of(second, method_of(other, REPLY_ADOPT, 0, NULL)));
    EXPECT(REPLY, DEFER, NO_CALL, worker_result_of(second, method_of(other, REPLY_DEFER, 0, NULL)));
    CHECK_OK(worker_result_of(server, defer));
    EXPECT(REPLY, DEFER, NO_CALL, worker_result_of(server, defer));
    EXPECT(REPLY, ADOPT, WOULD_DEADLOCK, worker_result_of(high, adopt));
    worker_act(second, call_to(pair.endpoint, 2, DEADLINE_NEVER));
    CHECK_OK(worker_result_of(server, receive_from(pair.endpoint)));
    EXPECT(REPLY, DEFER, BUSY, worker_result_of(server, defer));
    EXPECT(REPLY, ADOPT, BUSY, worker_result_of(server, adopt));
    CHECK_OK(worker_result_of(server, reply_with(0, 2, 0)));
    CHECK_OK(worker_result(second));
    CHECK_OK(worker_result_of(server, adopt));
    CHECK_OK(worker_result_of(server, defer));
    CHECK_OK(thread_suspend(pair.caller->thread));
    EXPECT(REPLY, ADOPT, CALLER_GONE, worker_result_of(server, adopt));
    EXPECT(REPLY, ADOPT, NO_CALL, worker_result_of(server, adopt));
}

TEST(defer_says_that_the_caller_is_gone)
{
    struct pair pair = pair_connected();
    cap_addr_t reply = make(OBJECT_REPLY, 0);

    CHECK_OK(thread_suspend(pair.caller->thread));
    EXPECT(REPLY, DEFER, CALLER_GONE,
           worker_result_of(pair.server, method_of(reply, REPLY_DEFER, 0, NULL)));
    EXPECT(REPLY, DEFER, NO_CALL,
           worker_result_of(pair.server, method_of(reply, REPLY_DEFER, 0, NULL)));
}

TEST(deferred_replies_say_that_the_caller_is_gone)
{
    struct pair pair = pair_connected();
    cap_addr_t reply = make(OBJECT_REPLY, 0);

    CHECK_OK(worker_result_of(pair.server, method_of(reply, REPLY_DEFER, 0, NULL)));
    CHECK_OK(thread_suspend(pair.caller->thread));
    EXPECT(SYSCALL, REPLY, CALLER_GONE, worker_result_of(pair.server, reply_with(reply, 0, 0)));
    EXPECT(SYSCALL, REPLY, NO_CALL, worker_result_of(pair.server, reply_with(reply, 0, 0)));
}

TEST(signal_and_poll)
{
    cap_addr_t notification = make(OBJECT_NOTIFICATION, 0);
    cap_addr_t low = mint_of(notification, RIGHT_SIGNAL, 0x0f);
    cap_addr_t high = mint_of(notification, RIGHT_SIGNAL, 0xf0);
    cap_addr_t wait_only = copy_of(notification, RIGHT_WAIT);
    cap_addr_t timer = make(OBJECT_TIMER, 0);
    uint64_t bits = 0;

    EXPECT(SYSCALL, SIGNAL, BAD_CAP, notification_signal(slot_next()));
    EXPECT(SYSCALL, SIGNAL, BAD_CAP, notification_signal(0));
    EXPECT(SYSCALL, SIGNAL, WRONG_TYPE, notification_signal(timer));
    EXPECT(SYSCALL, SIGNAL, NO_RIGHT, notification_signal(wait_only));
    EXPECT(SYSCALL, POLL, BAD_CAP, notification_poll(slot_next(), 1, &bits));
    EXPECT(SYSCALL, POLL, WRONG_TYPE, notification_poll(timer, 1, &bits));
    EXPECT(SYSCALL, POLL, NO_RIGHT, notification_poll(low, 1, &bits));
    EXPECT(SYSCALL, POLL, WOULD_BLOCK, notification_poll(notification, ~0ull, &bits));
    CHECK_OK(notification_signal(low));
    CHECK_OK(notification_signal(high));
    CHECK_OK(notification_poll(wait_only, 0x3c, &bits));
    CHECK_EQ(bits, 0x3c, "those under the mask");
    CHECK_OK(notification_poll(notification, ~0ull, &bits));
    CHECK_EQ(bits, 0xc3, "the others stayed");
    EXPECT(SYSCALL, POLL, WOULD_BLOCK, notification_poll(notification, ~0ull, &bits));
    CHECK_OK(notification_signal(low));
    EXPECT(SYSCALL, POLL, WOULD_BLOCK, notification_poll(notification, 0, &bits));
    CHECK_OK(notification_wait(notification, 1, DEADLINE_NEVER, 0, &bits));
    CHECK_EQ(bits, 1, "a wait takes what is there");
}

TEST(wait_refuses)
{
    cap_addr_t notification = make(OBJECT_NOTIFICATION, 5);
    cap_addr_t signal_only = copy_of(notification, RIGHT_SIGNAL);
    cap_addr_t timer = make(OBJECT_TIMER, 0);
    struct worker *low = worker_actor(5, 10);
    struct worker *holder = worker_actor(6, 10);
    struct worker *good = worker_actor(5, 10);
    cap_addr_t unlent = copy_of(good->thread, RIGHT_MANAGE);
    struct worker *worker = worker_actor(8, 10);
    ns_t never = DEADLINE_NEVER;
    uint64_t bits;

    EXPECT(SYSCALL, WAIT, BAD_CAP, notification_wait(slot_next(), 1, never, 0, &bits));
    EXPECT(SYSCALL, WAIT, WRONG_TYPE, notification_wait(timer, 1, never, 0, &bits));
    EXPECT(SYSCALL, WAIT, NO_RIGHT, notification_wait(signal_only, 1, never, 0, &bits));
    EXPECT(SYSCALL, WAIT, RANGE, notification_wait(notification, 0, never, 0, &bits));
    EXPECT(SYSCALL, WAIT, BAD_CAP, notification_wait(notification, 1, never, slot_next(), &bits));
    EXPECT(SYSCALL, WAIT, WRONG_TYPE, notification_wait(notification, 1, never, timer, &bits));
    EXPECT(SYSCALL, WAIT, NO_RIGHT, notification_wait(notification, 1, never, unlent, &bits));
    EXPECT(SYSCALL, WAIT, WOULD_DEADLOCK,
           notification_wait(notification, 1, never, holder->thread, &bits));
    EXPECT(SYSCALL, WAIT, WOULD_DEADLOCK,
           worker_result_of(low, wait_for(notification, 1, never, good->thread)));
    EXPECT(SYSCALL, WAIT, TIMED_OUT,
           notification_wait(notification, 1, clock_now() + US(50), 0, &bits));
    EXPECT(SYSCALL, WAIT, TIMED_OUT, notification_wait(notification, 1, 0, 0, &bits));
    EXPECT(SYSCALL, WAIT, TIMED_OUT,
           notification_wait(notification, 1, clock_now() + US(50), good->thread, &bits));
    worker_act(worker, wait_for(notification, 2, never, 0));
    EXPECT(SYSCALL, WAIT, BUSY, notification_wait(notification, 1, never, 0, &bits));
    EXPECT(SYSCALL, WAIT, BUSY, notification_wait(notification, 3, never, 0, &bits));
    delete (notification);
    settle();
    EXPECT(SYSCALL, WAIT, GONE, worker_result(worker));
}

TEST(yield_and_abi_version)
{
    uint64_t hash = 0;
    struct message message = { .op = OP(200, 0) };

    CHECK_OK(thread_yield());
    CHECK_OK(abi_version(&hash));
    CHECK_EQ(hash, ABI_HASH, "one ABI");
    for (uint32_t number = SYSCALL_METHOD + 1; number < 256; number++) {
        message = (struct message){ .op = OP(number, MACHINE) };
        EXPECT(SYSCALL, METHOD, BAD_CALL, message_do(&message));
    }
}
