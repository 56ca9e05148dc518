/* SPDX-License-Identifier: MIT */
/* In which order the ready run and the queued are served. */
#include "boot_test/make.h"
#include "boot_test/pair.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"
#include "pith/syscall.h"

#define EVENTS_MAX 64u

struct log {
    volatile uint32_t count;
    volatile uint64_t events[EVENTS_MAX];
};
static struct log log;

static void note(uint64_t event)
{
    if (log.count < EVENTS_MAX) {
        log.events[log.count++] = event;
    }
}

static void note_and_yield(struct worker *worker)
{
    for (uint32_t i = 0; i < 4; i++) {
        note(worker->arg[0] * 10 + i);
        (void)!thread_yield();
    }
}

static void start(uint64_t name, uint32_t priority)
{
    struct worker *worker = worker_make(note_and_yield, 3);

    worker->arg[0] = name;
    worker_time(worker, priority, MS(1000), MS(1000));
    worker_resume(worker);
}

static void check_log(const uint64_t *want, uint32_t count, const char *why)
{
    CHECK_EQ(log.count, count, why);
    for (uint32_t i = 0; i < count && i < log.count; i++) {
        if (!CHECK_EQ(log.events[i], want[i], why)) {
            return;
        }
    }
}

TEST(the_highest_priority_runs_first)
{
    static const uint64_t want[] = { 20, 21, 22, 23, 30, 31, 32, 33, 10, 11, 12, 13 };

    log.count = 0;
    start(1, 10);
    start(2, 30);
    start(3, 20);
    settle();
    check_log(want, 12, "by priority, however they yield");
}

TEST(equals_take_turns_when_they_yield)
{
    static const uint64_t want[] = { 10, 20, 30, 11, 21, 31, 12, 22, 32, 13, 23, 33 };

    log.count = 0;
    start(1, 10);
    start(2, 10);
    start(3, 10);
    settle();
    check_log(want, 12, "first come, first run");
}

TEST(priorities_from_1_to_254_are_all_different)
{
    static const uint8_t priorities[] = { 127, 128, 1, 254, 64, 63, 191, 192, 2, 253 };
    static const uint64_t want[] = { 254, 253, 192, 191, 128, 127, 64, 63, 2, 1 };
    uint64_t got[10];

    log.count = 0;
    for (uint32_t i = 0; i < 10; i++) {
        start(priorities[i], priorities[i]);
    }
    settle();
    for (uint32_t i = 0; i < 10; i++) {
        got[i] = log.events[i * 4] / 10;
        CHECK_EQ(got[i], want[i], "in order");
    }
}

/* Calls arg[0] and notes when it is answered. */
static void call_and_note(struct worker *worker)
{
    struct message message =
        call_to((cap_addr_t)worker->arg[0], (uint32_t)worker->arg[1], DEADLINE_NEVER);

    worker->out[0] = message_do(&message);
}

TEST(callers_are_served_by_priority_and_first_come_first_served)
{
    static const uint32_t priorities[] = { 30, 50, 30, 40, 50, 30, 99, 30 };
    static const uint32_t want[] = { 6, 1, 4, 3, 0, 2, 5, 7 };
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 5);
    struct worker *server = worker_actor(3, 200);
    struct worker *callers[8];

    for (uint32_t i = 0; i < 8; i++) {
        callers[i] = worker_make(call_and_note, 8);
        callers[i]->arg[0] = endpoint;
        callers[i]->arg[1] = i;
        worker_time(callers[i], priorities[i], MS(1000), MS(1000));
        worker_resume(callers[i]);
        settle();
    }
    for (uint32_t i = 0; i < 8; i++) {
        worker_act(server, reply_receive_on(endpoint, 0, 0));
        CHECK_EQ(worker_result(server), ERR_OK, "one after the other");
        CHECK_EQ(MSG_LABEL(server->message.info), want[i], "in that order");
    }
    worker_act(server, reply_receive_on(endpoint, 0, 0));
    for (uint32_t i = 0; i < 8; i++) {
        CHECK(callers[i]->is_done, "all have their answer");
    }
}

TEST(a_queued_caller_whose_priority_changes_changes_its_place)
{
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 5);
    struct worker *server = worker_actor(3, 200);
    struct worker *first = worker_actor(8, 30);
    struct worker *second = worker_actor(8, 30);

    worker_act(first, call_to(endpoint, 1, DEADLINE_NEVER));
    worker_act(second, call_to(endpoint, 2, DEADLINE_NEVER));
    CHECK_OK(sched_context_configure(second->context, MACHINE, 60, MS(1000), MS(1000), 0));
    CHECK_OK(worker_result_of(server, receive_from(endpoint)));
    CHECK_EQ(MSG_LABEL(server->message.info), 2, "the one that is more important now");
}

TEST(waiters_are_woken_by_priority)
{
    cap_addr_t notification = make(OBJECT_NOTIFICATION, 0);
    cap_addr_t bit = mint_of(notification, RIGHT_SIGNAL, 1);
    struct worker *low = worker_actor(3, 10);
    struct worker *high = worker_actor(3, 20);
    struct worker *equal = worker_actor(3, 20);

    worker_act(low, wait_for(notification, 1, DEADLINE_NEVER, 0));
    worker_act(high, wait_for(notification, 1, DEADLINE_NEVER, 0));
    worker_act(equal, wait_for(notification, 1, DEADLINE_NEVER, 0));
    CHECK_OK(notification_signal(bit));
    settle();
    CHECK(high->is_done && !equal->is_done && !low->is_done, "the first of the highest");
    CHECK_OK(notification_signal(bit));
    settle();
    CHECK(equal->is_done && !low->is_done, "then its equal");
    CHECK_OK(notification_signal(bit));
    settle();
    CHECK(low->is_done, "then the low one");
}

TEST(set_server_takes_over_the_queue)
{
    struct pair pair = pair_connected();
    struct worker *successor = worker_actor(4, 100);
    struct worker *queued[3];

    for (uint32_t i = 0; i < 3; i++) {
        queued[i] = worker_actor(8, 20 + i);
        worker_act(queued[i], call_to(pair.endpoint, 100 + i, DEADLINE_NEVER));
    }
    CHECK_OK(endpoint_set_server(pair.endpoint, successor->thread));
    CHECK_OK(worker_result_of(pair.server, reply_with(0, 5, 0)));
    CHECK_OK(worker_result(pair.caller));
    for (uint32_t i = 3; i > 0; i--) {
        CHECK_OK(worker_result_of(successor, reply_receive_on(pair.endpoint, 0, 0)));
        CHECK_EQ(MSG_LABEL(successor->message.info), 99 + i, "the queue is the successor's");
    }
    worker_act(successor, reply_receive_on(pair.endpoint, 0, 0));
    CHECK(queued[0]->is_done && queued[1]->is_done && queued[2]->is_done, "all answered");
    CHECK_EQ(worker_result_of(pair.server, receive_from(pair.endpoint)), ERR_BUSY,
             "the old one is no server any more");
}

TEST(switches_are_counted)
{
    struct worker *worker = worker_actor(3, 10);
    uint32_t state, fault, rank;
    uint64_t address, ip, before = 0, after = 0;
    cap_addr_t notification = make(OBJECT_NOTIFICATION, 0);

    CHECK_OK(thread_info(worker->thread, &state, &fault, &address, &ip, &rank, &before));
    for (uint32_t i = 0; i < 5; i++) {
        worker_act(worker, wait_for(notification, 1, 0, 0));
    }
    CHECK_OK(thread_info(worker->thread, &state, &fault, &address, &ip, &rank, &after));
    CHECK(after >= before + 5, "at least one for each time it ran");
}
