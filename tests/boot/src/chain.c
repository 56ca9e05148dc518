/* SPDX-License-Identifier: MIT */
#include "boot_test/chain.h"

#include "boot_test/make.h"
#include "boot_test/probe.h"
#include "boot_test/test.h"
#include "pith/kernel_calls.h"
#include "pith/syscall.h"

enum { REGISTER_RIP = 0, REGISTER_RAX = 3, REGISTER_RSI = 7 };

cap_addr_t caller_start(const struct order *order, cap_addr_t *made)
{
    cap_addr_t thread = make(OBJECT_THREAD, THREAD_SIZE(order->rank));
    cap_addr_t context = make(OBJECT_SCHED_CONTEXT, 0);

    REQUIRE_OK(thread_configure(thread, TABLE, VSPACE));
    REQUIRE_OK(sched_context_configure(context, MACHINE, order->priority, MS(1000), MS(1000),
                                       order->core));
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

/* Others of its core, or of this, run meanwhile. */
static void until_it_calls(cap_addr_t thread)
{
    settle();
    while (state_of(thread) != THREAD_STATE_CALLING && !test_has_failed()) {
        sleep_ns(US(100));
    }
}

/* One without time of its own is of the core of what it had last. */
static void home_set(cap_addr_t thread, uint32_t core)
{
    cap_addr_t context = make(OBJECT_SCHED_CONTEXT, 0);

    REQUIRE_OK(sched_context_configure(context, MACHINE, CHAIN_PRIORITY, MS(1000), MS(1000), core));
    REQUIRE_OK(sched_context_bind(context, thread));
    REQUIRE_OK(sched_context_unbind(context));
}

void chain_make_until(struct chain *chain, ns_t deadline)
{
    for (uint32_t rank = 0; rank <= TOP; rank++) {
        chain->endpoints[rank] = make(OBJECT_ENDPOINT, rank);
    }
    for (uint32_t rank = TOP; rank > 0; rank--) {
        cap_addr_t context =
            caller_start(&(struct order){ rank, CHAIN_PRIORITY, chain->endpoints[rank - 1], NULL,
                                          deadline, chain->core },
                         &chain->servers[rank]);

        until_it_calls(chain->servers[rank]);
        REQUIRE_OK(sched_context_unbind(context));
        REQUIRE_OK(endpoint_set_server(chain->endpoints[rank], chain->servers[rank]));
    }
    chain->servers[0] = make(OBJECT_THREAD, THREAD_SIZE(0));
    REQUIRE_OK(thread_configure(chain->servers[0], TABLE, VSPACE));
    home_set(chain->servers[0], chain->core);
    REQUIRE_OK(endpoint_set_server(chain->endpoints[0], chain->servers[0]));
}

cap_addr_t chain_call(const struct chain *chain, uint32_t priority)
{
    cap_addr_t thread;
    cap_addr_t context = caller_start(
        &(struct order){ 15, priority, chain->endpoints[TOP], NULL, DEADLINE_NEVER, chain->core },
        &thread);

    until_it_calls(thread);
    return context;
}

void chain_spin(const struct chain *chain)
{
    REQUIRE_OK(thread_write_registers(chain->servers[0], REGISTER_RIP, 1, (uintptr_t)probe_spin, 0,
                                      0, 0, 0, 0));
    REQUIRE_OK(thread_resume(chain->servers[0]));
}
