/* SPDX-License-Identifier: MIT */
/* Calls between cores, both ways at once, and what becomes of them when one side goes. */
#include "boot_test/test.h"
#include "crew.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"

#define CALLS 1000u

/* arg: endpoint. */
static void serve(struct worker *worker)
{
    struct message message = receive_from((cap_addr_t)worker->arg[0]);

    (void)message_do(&message);
    for (;;) {
        worker->out[0]++;
        message.words[0] = message.words[0] * 3 + 1;
        message.op = OP(SYSCALL_REPLY_RECEIVE, worker->arg[0]);
        message.info = MSG_INFO(7, 1, 0);
        message.time = DEADLINE_NEVER;
        message.bits = 0;
        if (message_do(&message) != ERR_OK) {
            worker->out[1]++;
            message = receive_from((cap_addr_t)worker->arg[0]);
            (void)message_do(&message);
        }
    }
}

/* arg: endpoint, how many. */
static void ask(struct worker *worker)
{
    for (uint64_t i = 0; i < worker->arg[1]; i++) {
        struct message message = call_to((cap_addr_t)worker->arg[0], 1, DEADLINE_NEVER);

        message.info = MSG_INFO(1, 1, 0);
        message.words[0] = i;
        worker->out[1] += message_do(&message) != ERR_OK || message.words[0] != i * 3 + 1 ||
                          MSG_LABEL(message.info) != 7;
        worker->out[0]++;
    }
}

static struct worker *server_on(uint32_t core, cap_addr_t endpoint, uint32_t rank)
{
    struct worker *server = worker_make(serve, rank);

    server->arg[0] = endpoint;
    crew_give(server, core);
    worker_resume(server);
    return server;
}

static struct worker *caller_on(uint32_t core, cap_addr_t endpoint, uint64_t count)
{
    struct worker *caller = worker_make(ask, 9);

    caller->arg[0] = endpoint;
    caller->arg[1] = count;
    crew_give(caller, core);
    worker_resume(caller);
    return caller;
}

TEST(calls_go_to_another_core_and_back)
{
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 5);

    (void)server_on(1, endpoint, 3);
    struct worker *caller = caller_on(0, endpoint, CALLS);

    CREW_UNTIL(caller->is_done, "all calls are answered");
    CHECK_EQ(caller->out[0], CALLS, "each once");
    CHECK_EQ(caller->out[1], 0, "and right");
}

TEST(all_cores_call_one_server_and_servers_on_all_cores)
{
    uint32_t cores = crew_cores();
    cap_addr_t one = make(OBJECT_ENDPOINT, 5);
    struct worker *callers[8];
    uint32_t count = 0;

    (void)server_on(1, one, 3);
    for (uint32_t i = 0; i < cores && i < 4; i++) {
        cap_addr_t other = make(OBJECT_ENDPOINT, 5);

        (void)server_on(i, other, 3);
        callers[count++] = caller_on(i, one, CALLS / 4);
        callers[count++] = caller_on((i + 1) % cores, other, CALLS / 4);
    }
    for (uint32_t i = 0; i < count; i++) {
        CREW_UNTIL(callers[i]->is_done, "all calls are answered");
        CHECK_EQ(callers[i]->out[1], 0, "and right");
    }
}

TEST(calls_time_out_across_cores)
{
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 5);
    struct worker *server = server_on(1, endpoint, 3);
    ns_t deadline = 0;

    CREW_UNTIL(state_of(server->thread) == THREAD_STATE_RECEIVING, "the server waits");
    REQUIRE_OK(thread_suspend(server->thread));
    for (uint32_t i = 0; i < 50; i++) {
        struct message message = call_to(endpoint, 1, clock_now() + US(500));

        deadline = message.time;
        CHECK_EQ(message_do(&message), ERR_TIMED_OUT, "nobody serves");
        CHECK(clock_now() >= deadline, "not before its time");
    }
}

/* The server dies with a call in its hand, again and again. */
TEST(a_server_that_dies_on_another_core_is_told_of)
{
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 5);

    for (uint32_t i = 0; i < 30; i++) {
        struct worker *hog = worker_make(worker_spin, 3);
        struct worker *caller = caller_on(0, endpoint, 1);

        crew_give(hog, 1);
        REQUIRE_OK(endpoint_set_server(endpoint, hog->thread));
        worker_resume(hog);
        CREW_UNTIL(hog->out[0] != 0 && state_of(caller->thread) == THREAD_STATE_CALLING,
                   "a call waits for a thread that runs");
        cap_addr_t contexts[2] = { hog->context, caller->context };

        delete (hog->thread);
        REQUIRE_OK(thread_suspend(caller->thread));
        delete (caller->thread);
        delete (contexts[0]);
        delete (contexts[1]);
        workers_recycle_gone(2);
    }
}
