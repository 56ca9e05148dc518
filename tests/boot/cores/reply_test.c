/* SPDX-License-Identifier: MIT */
/* A server that defers all calls, of its own core and of others, and what becomes of them: answered, adopted, too late. */
#include "boot_test/test.h"
#include "crew.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"

#define CALLS 400u
#define HELD 2u
#define HURRY US(150)  /* some calls of who is in a hurry end while they are held */
#define LISTEN US(300) /* the server waits no longer for the next before it answers */

/* Answers what the object holds; every third time it takes the call out first. */
static void answer(struct worker *worker, cap_addr_t reply, uint64_t word)
{
    struct message message;
    err_t err = ERR_OK;

    if (worker->out[2]++ % 3 == 0) {
        err = reply_adopt(reply);
        reply = 0;
    }
    if (!err) {
        message = reply_with(reply, 7, word * 3 + 1);
        err = message_do(&message);
    }
    worker->out[3] += err == ERR_CALLER_GONE;
    worker->out[1] += err != ERR_OK && err != ERR_CALLER_GONE;
}

/* arg: endpoint, reply objects. out: calls, what went wrong, answers, of these too late. */
static void serve_later(struct worker *worker)
{
    uint64_t words[HELD] = { 0 };
    bool is_held[HELD] = { false };

    for (uint32_t next = 0;; next = (next + 1) % HELD) {
        struct message message = receive_until((cap_addr_t)worker->arg[0], clock_now() + LISTEN, 0);
        err_t err = message_do(&message);

        if (is_held[next]) {
            is_held[next] = false;
            /* It serves a call itself: what is adopted meanwhile would be a second one. */
            if (err == ERR_OK) {
                struct message late =
                    reply_with((cap_addr_t)worker->arg[1 + next], 7, words[next] * 3 + 1);
                err_t answered = message_do(&late);

                worker->out[3] += answered == ERR_CALLER_GONE;
                worker->out[1] += answered != ERR_OK && answered != ERR_CALLER_GONE;
            } else {
                answer(worker, (cap_addr_t)worker->arg[1 + next], words[next]);
            }
        }
        if (err == ERR_OK) {
            words[next] = message.words[0];
            worker->out[0]++;
            err = reply_defer((cap_addr_t)worker->arg[1 + next]);
            is_held[next] = err == ERR_OK;
            worker->out[1] += err != ERR_OK && err != ERR_CALLER_GONE;
        } else {
            worker->out[1] += err != ERR_TIMED_OUT && err != ERR_CALLER_GONE;
        }
    }
}

/* arg: endpoint, how many, longest wait (0: for ever). out: calls, what went wrong, those that took too long. */
static void ask_patiently(struct worker *worker)
{
    for (uint64_t i = 0; i < worker->arg[1]; i++) {
        ns_t wait = worker->arg[2];
        struct message message =
            call_to((cap_addr_t)worker->arg[0], 1, wait == 0 ? DEADLINE_NEVER : clock_now() + wait);

        message.info = MSG_INFO(1, 1, 0);
        message.words[0] = i;
        err_t err = message_do(&message);

        worker->out[0]++;
        worker->out[2] += err == ERR_TIMED_OUT;
        worker->out[1] += err == ERR_OK ? message.words[0] != i * 3 + 1 : err != ERR_TIMED_OUT;
    }
}

static struct worker *caller_on(uint32_t core, cap_addr_t endpoint, ns_t wait)
{
    struct worker *caller = worker_make_fpu(ask_patiently, 9);

    caller->arg[0] = endpoint;
    caller->arg[1] = CALLS;
    caller->arg[2] = wait;
    crew_give(caller, core);
    worker_resume(caller);
    return caller;
}

static struct worker *server_on(uint32_t core, cap_addr_t endpoint)
{
    struct worker *server =
        worker_make_fpu(serve_later, 3); /* the compiler may use it to clear arrays */

    server->arg[0] = endpoint;
    for (uint32_t i = 0; i < HELD; i++) {
        server->arg[1 + i] = make(OBJECT_REPLY, 0);
    }
    crew_give(server, core);
    worker_resume(server);
    return server;
}

/* Two patient and two hurried ones, on the server's core and beside it. */
TEST(deferred_calls_are_answered_or_end_in_time)
{
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 5);
    struct worker *server = server_on(1, endpoint);
    struct worker *callers[4];

    for (uint32_t i = 0; i < 4; i++) {
        callers[i] = caller_on(i % 2, endpoint, i < 2 ? 0 : HURRY);
    }
    for (uint32_t i = 0; i < 4; i++) {
        CREW_UNTIL(callers[i]->is_done, "all calls come to an end");
        CHECK_EQ(callers[i]->out[0], CALLS, "each once");
        CHECK_EQ(callers[i]->out[1], 0, "and right");
    }
    for (uint32_t i = 0; i < 2; i++) {
        CHECK_EQ(callers[i]->out[2], 0, "who waits for ever hears");
    }
    CHECK_EQ(server->out[1], 0, "the server hears what it should");
    CHECK(server->out[0] >= 2 * CALLS, "and has deferred them all");
}

/* Whoever made, or holds, a deferred call goes while the server works. */
TEST(deferred_calls_end_when_callers_and_servers_die)
{
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 5);

    for (uint32_t round = 0; round < 20; round++) {
        struct worker *server = server_on(1, endpoint);
        struct worker *callers[2] = { caller_on(0, endpoint, 0), caller_on(1, endpoint, HURRY) };
        cap_addr_t contexts[3] = { server->context, callers[0]->context, callers[1]->context };

        CREW_UNTIL(server->out[0] > round, "calls are deferred");
        delete (callers[round % 2]->thread);
        CREW_UNTIL(state_of(server->thread) != THREAD_STATE_INACTIVE, "the server goes on");
        delete (server->thread);
        delete (callers[1 - round % 2]->thread);
        CHECK_EQ(server->out[1], 0, "the server heard what it should");
        for (uint32_t i = 0; i < 3; i++) {
            delete (contexts[i]);
        }
        for (uint32_t i = 0; i < HELD; i++) {
            delete ((cap_addr_t)server->arg[1 + i]);
        }
        workers_recycle_gone(3);
    }
}
