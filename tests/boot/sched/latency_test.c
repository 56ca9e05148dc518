/* SPDX-License-Identifier: MIT */
/*
 * How long an important thread waits for what the kernel does for others: who is woken every few microseconds measures how late it is, while others
 * have the kernel do the longest that it can be made to. The most is made of chains of lending through all ranks, in which
 * the priority of each node changes.
 */
#include "boot_test/make.h"
#include "boot_test/probe.h"
#include "boot_test/special.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"
#include "pith/syscall.h"

#define BEAT_NS US(11)
#define BEATS_NS MS(3)
#define LATE_MAX_NS US(8) /* one step of the kernel, the wake-up, and reading the clock */
#define TOP 14u           /* the highest rank of an endpoint that somebody can call */
#define CALLERS 64u
#define CAPS 4u

enum { REGISTER_RIP = 0, REGISTER_RAX = 3, REGISTER_RSI = 7 };

static cap_addr_t endpoints[TOP + 1];

/* arg[0]: notification; out[0]: the most that it was late. */
static void beat(struct worker *worker)
{
    ns_t end = clock_now() + BEATS_NS;

    for (ns_t at = clock_now() + BEAT_NS; at < end; at = clock_now() + BEAT_NS) {
        uint64_t bits;

        (void)!notification_wait((cap_addr_t)worker->arg[0], 1, at, 0, &bits);
        ns_t late = clock_now() - at;

        worker->out[0] = late > worker->out[0] ? late : worker->out[0];
    }
}

static struct worker *beat_start(void)
{
    struct worker *worker = worker_make(beat, 15);

    worker->arg[0] = make(OBJECT_NOTIFICATION, 0);
    worker_time(worker, 240, MS(1000), MS(1000));
    worker_resume(worker);
    return worker;
}

static void beat_end(struct worker *worker)
{
    CHECK(worker_join(worker), "the beat ends");
    CHECK_BETWEEN(worker->out[0], 1, LATE_MAX_NS, "nothing takes longer");
}

struct order {
    uint32_t rank, priority;
    cap_addr_t endpoint;
    const struct worker
        *names; /* NULL, or in whose buffer CAPS capabilities are named, which are sent */
    ns_t deadline;
};

/* A thread without a stack that makes one call; its context, which is bound. */
static cap_addr_t caller_start(const struct order *order, cap_addr_t *made)
{
    cap_addr_t thread = make(OBJECT_THREAD, THREAD_SIZE(order->rank));
    cap_addr_t context = make(OBJECT_SCHED_CONTEXT, 0);

    REQUIRE_OK(thread_configure(thread, TABLE, VSPACE));
    REQUIRE_OK(sched_context_configure(context, MACHINE, order->priority, MS(1000), MS(1000), 0));
    REQUIRE_OK(sched_context_bind(context, thread));
    if (order->names != NULL) {
        REQUIRE_OK(
            thread_set_buffer(thread, buffer_frame(), order->names->index * MSG_BUFFER_BYTES));
    }
    REQUIRE_OK(
        thread_write_registers(thread, REGISTER_RIP, 1, (uintptr_t)probe_call, 0, 0, 0, 0, 0));
    REQUIRE_OK(thread_write_registers(thread, REGISTER_RAX, 1, OP(SYSCALL_CALL, order->endpoint), 0,
                                      0, 0, 0, 0));
    REQUIRE_OK(thread_write_registers(thread, REGISTER_RSI, 2, order->deadline,
                                      MSG_INFO(1, 0, order->names != NULL ? CAPS : 0), 0, 0, 0, 0));
    REQUIRE_OK(thread_resume(thread));
    *made = thread;
    return context;
}

/* The server of each endpoint calls the one below, and has no time of its own. */
static void chain_make(void)
{
    for (uint32_t rank = 1; rank <= TOP; rank++) {
        endpoints[rank] = make(OBJECT_ENDPOINT, rank);
    }
    for (uint32_t rank = TOP; rank > 1; rank--) {
        cap_addr_t thread;
        cap_addr_t context = caller_start(
            &(struct order){ rank, 30, endpoints[rank - 1], NULL, DEADLINE_NEVER }, &thread);

        settle();
        REQUIRE_OK(sched_context_unbind(context));
        REQUIRE_OK(endpoint_set_server(endpoints[rank], thread));
    }
    REQUIRE_OK(endpoint_set_server(endpoints[1], make(OBJECT_THREAD, THREAD_SIZE(1))));
}

/* Each more important than the one before, so each that goes changes the priority of all the chain. */
static void callers_start(uint32_t count, ns_t deadline)
{
    for (uint32_t i = 0; i < count; i++) {
        cap_addr_t thread;

        (void)caller_start(&(struct order){ 15, 100 + i, endpoints[TOP], NULL, deadline }, &thread);
    }
    settle();
}

/* out[0]: how many calls were cancelled; out[1]: in how many times. */
static void cancel(struct worker *worker)
{
    uint32_t cancelled = 0;

    do {
        worker->out[2] |= endpoint_cancel(endpoints[TOP], &cancelled) != ERR_OK;
        worker->out[0] += cancelled;
        worker->out[1]++;
    } while (cancelled != 0);
}

TEST(many_cancelled_calls_keep_nobody_waiting)
{
    chain_make();
    callers_start(CALLERS, DEADLINE_NEVER);

    struct worker *high = beat_start();
    struct worker *low = worker_start(cancel, 3, 50);

    beat_end(high);
    CHECK(worker_join(low), "it ends");
    CHECK_EQ(low->out[0], CALLERS, "all are cancelled");
    CHECK(low->out[1] > 2, "but not all at once");
    CHECK_EQ(low->out[2], 0, "without an error");
}

/* Four capabilities, each as far from its origin as one can be that is sent on, and a receiver who has room for three. */
TEST(many_messages_that_cannot_be_delivered_keep_nobody_waiting)
{
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 5);
    struct worker *names = worker_make(worker_spin, 9);
    struct worker *server = worker_actor(3, 50);
    cap_addr_t last = deepest_copy(make(OBJECT_NOTIFICATION, 0)) - 2;

    worker_buffer(names);
    for (uint32_t i = 0; i < CAPS; i++) {
        names->buffer->send_caps[i] = copy_of(last, RIGHTS_ALL);
    }
    worker_buffer(server);
    for (uint32_t i = 0; i < CAPS - 1; i++) {
        server->buffer->receive_slots[i] = slot_next();
    }
    for (uint32_t i = 0; i < CALLERS; i++) {
        cap_addr_t thread;

        (void)caller_start(&(struct order){ 15, 100 + i, endpoint, names, DEADLINE_NEVER },
                           &thread);
    }
    settle();

    struct worker *high = beat_start();

    worker_act(server, receive_from(endpoint));
    CHECK(!server->is_done, "nothing could be received");
    beat_end(high);
}
