/* SPDX-License-Identifier: MIT */
#include "chain.h"

#include "boot_test/make.h"
#include "boot_test/probe.h"
#include "boot_test/test.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"
#include "pith/syscall.h"

#define BEAT_NS US(11)
#define BEATS_NS MS(3)
#define LATE_MAX_NS 5500u /* one step of the kernel, the wake-up, and reading the clock */

enum { REGISTER_RIP = 0, REGISTER_RAX = 3, REGISTER_RSI = 7 };

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

struct worker *beat_start(void)
{
    struct worker *worker = worker_make(beat, 15);

    worker->arg[0] = make(OBJECT_NOTIFICATION, 0);
    worker_time(worker, 240, MS(1000), MS(1000));
    worker_resume(worker);
    return worker;
}

void beat_end(struct worker *worker)
{
    CHECK(worker_join(worker), "the beat ends");
    test_note("late by %lu ns at most", (uint64_t)worker->out[0]);
    CHECK_BETWEEN(worker->out[0], 1, LATE_MAX_NS, "nothing takes longer");
}

cap_addr_t caller_start(const struct order *order, cap_addr_t *made)
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

void chain_make_until(struct chain *chain, ns_t deadline)
{
    for (uint32_t rank = 0; rank <= TOP; rank++) {
        chain->endpoints[rank] = make(OBJECT_ENDPOINT, rank);
    }
    for (uint32_t rank = TOP; rank > 0; rank--) {
        cap_addr_t context = caller_start(
            &(struct order){ rank, CHAIN_PRIORITY, chain->endpoints[rank - 1], NULL, deadline },
            &chain->servers[rank]);

        settle();
        REQUIRE_OK(sched_context_unbind(context));
        REQUIRE_OK(endpoint_set_server(chain->endpoints[rank], chain->servers[rank]));
    }
    chain->servers[0] = make(OBJECT_THREAD, THREAD_SIZE(0));
    REQUIRE_OK(thread_configure(chain->servers[0], TABLE, VSPACE));
    REQUIRE_OK(endpoint_set_server(chain->endpoints[0], chain->servers[0]));
}

cap_addr_t chain_call(const struct chain *chain, uint32_t priority)
{
    cap_addr_t thread;
    cap_addr_t context = caller_start(
        &(struct order){ 15, priority, chain->endpoints[TOP], NULL, DEADLINE_NEVER }, &thread);

    settle();
    return context;
}

void beside_beat(void (*entry)(struct worker *worker), cap_addr_t arg)
{
    struct worker *low = worker_make(entry, 3);
    struct worker *high;

    low->arg[0] = arg;
    worker_time(low, 50, MS(1000), MS(1000));
    high = beat_start();
    worker_resume(low);
    beat_end(high);
    CHECK(low->out[0] > 10, "it was done often");
    CHECK_EQ(low->out[1], 0, "without an error");
    REQUIRE_OK(thread_suspend(low->thread));
}

void chain_spin(const struct chain *chain)
{
    REQUIRE_OK(thread_write_registers(chain->servers[0], REGISTER_RIP, 1, (uintptr_t)probe_spin, 0,
                                      0, 0, 0, 0));
    REQUIRE_OK(thread_resume(chain->servers[0]));
}
