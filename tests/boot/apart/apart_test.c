/* SPDX-License-Identifier: MIT */
/*
 * Two cores at once, each of which makes calls, or signals and waits, among threads of its own. Between the marks of a row a core does
 * nothing else. That they meet in no cache line is seen by bench/plugin/sharing.c; here, that they did what they should.
 */
#include <stdatomic.h>

#include "boot_test/make.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "marks/marks.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"

#define CORES 2u
#define ROUNDS 1000u
#define PRIORITY 100u
#define JOIN_NS MS(60000)

/* Rows: tests/scenario/apart.py knows them by number. */
#define ROW_CALLS 0
#define ROW_SIGNALS 1
#define ROW_TOGETHER 2

/* Both cores are there; and both have left the marks, so that who is told disturbs nobody. */
struct meeting {
    _Alignas(64) _Atomic uint32_t begun;
    _Alignas(64) _Atomic uint32_t ended;
    _Alignas(64) _Atomic uint32_t common; /* what both write in ROW_TOGETHER */
};
static struct meeting meeting;

/* Others of the core may run meanwhile. */
static void meet(_Atomic uint32_t *count)
{
    atomic_fetch_add(count, 1);
    while (atomic_load(count) % CORES != 0) {
        (void)!thread_yield();
    }
}

/* arg: endpoint. */
static void serve(struct worker *worker)
{
    uint64_t endpoint = worker->arg[0];
    struct message message = receive_from((cap_addr_t)endpoint);

    (void)message_do(&message);
    for (;;) {
        message.words[0] = message.words[0] * 3 + 1;
        message.op = OP(SYSCALL_REPLY_RECEIVE, endpoint);
        message.info = MSG_INFO(7, 1, 0);
        message.time = DEADLINE_NEVER;
        message.bits = 0;
        (void)message_do(&message);
    }
}

static uint64_t call_rounds(uint64_t endpoint)
{
    uint64_t wrong = 0;

    for (uint64_t i = 0; i < ROUNDS; i++) {
        struct message message = call_to((cap_addr_t)endpoint, 1, MS(1000000));

        message.info = MSG_INFO(1, 1, 0);
        message.words[0] = i;
        wrong += message_do(&message) != ERR_OK || message.words[0] != i * 3 + 1;
    }
    return wrong;
}

/* arg: endpoint. */
static void call(struct worker *worker)
{
    uint64_t endpoint = worker->arg[0], wrong;

    meet(&meeting.begun);
    MARK_BEGIN(ROW_CALLS);
    wrong = call_rounds(endpoint);
    MARK_END(ROW_CALLS);
    meet(&meeting.ended);
    worker->out[0] = wrong;
}

/* arg: own notification, the other's. */
static void answer(struct worker *worker)
{
    uint64_t own = worker->arg[0], other = worker->arg[1];

    for (;;) {
        struct message message = wait_for((cap_addr_t)own, 1, DEADLINE_NEVER, 0);

        (void)message_do(&message);
        (void)!notification_signal((cap_addr_t)other);
        (void)!thread_yield();
    }
}

static uint64_t signal_rounds(uint64_t own, uint64_t other, uint32_t rounds)
{
    uint64_t wrong = 0;

    for (uint32_t i = 0; i < rounds; i++) {
        struct message message = wait_for((cap_addr_t)own, 1, clock_now() + MS(100000), 0);

        wrong += notification_signal((cap_addr_t)other) != ERR_OK;
        wrong += message_do(&message) != ERR_OK || message.bits != 1;
    }
    return wrong;
}

/* In the first rounds the notifications come to the core that waits for them. */
static void ring(struct worker *worker)
{
    uint64_t own = worker->arg[0], other = worker->arg[1];
    uint64_t wrong = signal_rounds(own, other, 2);

    meet(&meeting.begun);
    MARK_BEGIN(ROW_SIGNALS);
    wrong += signal_rounds(own, other, ROUNDS);
    MARK_END(ROW_SIGNALS);
    meet(&meeting.ended);
    worker->out[0] = wrong;
}

static void together(struct worker *worker)
{
    uint64_t endpoint = worker->arg[0], wrong;

    meet(&meeting.begun);
    MARK_BEGIN(ROW_TOGETHER);
    atomic_fetch_add(&meeting.common, 1);
    wrong = call_rounds(endpoint);
    MARK_END(ROW_TOGETHER);
    meet(&meeting.ended);
    worker->out[0] = wrong;
}

static struct worker *on(uint32_t core, void (*entry)(struct worker *worker), uint32_t rank,
                         uint64_t first, uint64_t second)
{
    struct worker *worker = worker_make(entry, rank);

    worker->arg[0] = first;
    worker->arg[1] = second;
    worker->context = make(OBJECT_SCHED_CONTEXT, 0);
    REQUIRE_OK(
        sched_context_configure(worker->context, MACHINE, PRIORITY, MS(1000), MS(1000), core));
    REQUIRE_OK(sched_context_bind(worker->context, worker->thread));
    worker_resume(worker);
    return worker;
}

/* Without looking meanwhile. */
static void all_end(struct worker *const workers[CORES])
{
    ns_t end = clock_now() + JOIN_NS;

    for (uint32_t i = 0; i < CORES; i++) {
        (void)worker_join_by(workers[i], end);
        CHECK_EQ(workers[i]->out[0], 0, "all it did went well");
    }
}

TEST(each_core_calls_a_server_of_its_own)
{
    struct worker *callers[CORES];

    for (uint32_t i = 0; i < CORES; i++) {
        uint64_t endpoint = make(OBJECT_ENDPOINT, 5);

        (void)on(i, serve, 3, endpoint, 0);
        callers[i] = on(i, call, 9, endpoint, 0);
    }
    all_end(callers);
}

TEST(each_core_has_signals_of_its_own)
{
    struct worker *signallers[CORES];

    for (uint32_t i = 0; i < CORES; i++) {
        uint64_t here = mint_of(make(OBJECT_NOTIFICATION, 3), RIGHTS_ALL, 1);
        uint64_t there = mint_of(make(OBJECT_NOTIFICATION, 3), RIGHTS_ALL, 1);

        (void)on(i, answer, 5, here, there);
        signallers[i] = on(i, ring, 5, there, here);
    }
    all_end(signallers);
}

/* What the trace must see. */
TEST(both_call_one_server)
{
    uint64_t endpoint = make(OBJECT_ENDPOINT, 5);
    struct worker *callers[CORES];

    (void)on(0, serve, 3, endpoint, 0);
    for (uint32_t i = 0; i < CORES; i++) {
        callers[i] = on(i, together, 9, endpoint, 0);
    }
    all_end(callers);
}
