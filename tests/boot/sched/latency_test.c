/* SPDX-License-Identifier: MIT */
/*
 * How long an important thread waits for what the kernel does for others. The most is made of chains of lending through all ranks, in which
 * the priority of each node changes.
 */
#include "beat.h"
#include "boot_test/chain.h"
#include "boot_test/make.h"
#include "boot_test/special.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"
#include "pith/syscall.h"

#define SPACES 16u
#define CALLERS 64u

static struct chain chains[2];

/* Each more important than the one before, so each that goes changes the priority of all the chain. */
static void callers_start(uint32_t count, ns_t deadline)
{
    for (uint32_t i = 0; i < count; i++) {
        cap_addr_t thread;

        (void)caller_start(
            &(struct order){ 15, 100 + i, chains[0].endpoints[TOP], NULL, deadline, 0 }, &thread);
    }
    settle();
}

/* out[0]: how many calls were cancelled; out[1]: in how many times. */
static void cancel(struct worker *worker)
{
    uint32_t cancelled = 0;

    do {
        worker->out[2] |= endpoint_cancel(chains[0].endpoints[TOP], &cancelled) != ERR_OK;
        worker->out[0] += cancelled;
        worker->out[1]++;
    } while (cancelled != 0);
}

TEST(many_cancelled_calls_keep_nobody_waiting)
{
    chain_make(&chains[0]);
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

        (void)caller_start(&(struct order){ 15, 100 + i, endpoint, names, DEADLINE_NEVER, 0 },
                           &thread);
    }
    settle();

    struct worker *high = beat_start();

    worker_act(server, receive_from(endpoint));
    CHECK(!server->is_done, "nothing could be received");
    beat_end(high);
}

TEST(many_deadlines_at_once_keep_nobody_waiting)
{
    chain_make(&chains[0]);
    callers_start(CALLERS, clock_now() + MS(20));
    sleep_ns(MS(19));

    struct worker *high = beat_start();

    beat_end(high);
}

/* --- One walk along the longest chain -------------------------------------------------------------- */

static void servers_exchange(struct worker *worker)
{
    for (;; worker->out[0]++) {
        worker->out[1] |= endpoint_set_server(chains[0].endpoints[TOP],
                                              chains[worker->out[0] % 2].servers[TOP]) != ERR_OK;
    }
}

TEST(a_server_that_takes_over_keeps_nobody_waiting)
{
    chain_make(&chains[0]);
    chain_make(&chains[1]);
    (void)chain_call(&chains[0], 200);
    beside_beat(servers_exchange, 0);
}

static void priority_change(struct worker *worker)
{
    for (;; worker->out[0]++) {
        worker->out[1] |= sched_context_configure((cap_addr_t)worker->arg[0], MACHINE,
                                                  60 + (uint32_t)(worker->out[0] % 100), MS(1000),
                                                  MS(1000), 0) != ERR_OK;
    }
}

TEST(a_priority_that_changes_keeps_nobody_waiting)
{
    chain_make(&chains[0]);
    beside_beat(priority_change, chain_call(&chains[0], 200));
}

static void spare_change(struct worker *worker)
{
    for (;; worker->out[0]++) {
        worker->out[1] |= sched_context_set_spare((cap_addr_t)worker->arg[0], MACHINE,
                                                  20 + (uint32_t)(worker->out[0] % 25)) != ERR_OK;
    }
}

/* Its budget ends and comes back as well, while the last of the chain runs on it; on spare time who changes that is more important. */
TEST(spare_time_that_begins_and_ends_keeps_nobody_waiting)
{
    cap_addr_t context;

    chain_make(&chains[0]);
    context = chain_call(&chains[0], 200);
    REQUIRE_OK(sched_context_configure(context, MACHINE, 200, US(10), US(100), 0));
    chain_spin(&chains[0]);
    sleep_ns(MS(1));
    beside_beat(spare_change, context);
    REQUIRE_OK(thread_suspend(chains[0].servers[0]));
}

/* Two who wait lend to who is at the top of a chain. Whoever is signalled lends no more, and nobody to the chain. */
static void lock_wait(struct worker *worker)
{
    for (;; worker->out[0]++) {
        uint64_t bits;

        worker->out[1] |= notification_wait((cap_addr_t)worker->arg[0], 1, DEADLINE_NEVER,
                                            chains[0].servers[TOP], &bits) != ERR_OK;
    }
}

static void lock_hand_on(struct worker *worker)
{
    for (;; worker->out[0]++) {
        worker->out[1] |= notification_signal((cap_addr_t)worker->arg[0]) != ERR_OK;
    }
}

TEST(a_lock_that_is_handed_on_keeps_nobody_waiting)
{
    cap_addr_t notification = make(OBJECT_NOTIFICATION, TOP);
    struct worker *waiting[2];

    chain_make(&chains[0]);
    for (uint32_t i = 0; i < 2; i++) {
        waiting[i] = worker_make(lock_wait, 15);
        waiting[i]->arg[0] = notification;
        worker_time(waiting[i], 200 + i, MS(1000), MS(1000));
        worker_resume(waiting[i]);
    }
    settle();
    beside_beat(lock_hand_on, mint_of(notification, RIGHT_SIGNAL, 1));
    for (uint32_t i = 0; i < 2; i++) {
        CHECK(i == 0 || waiting[i]->out[0] > 10, "the more important is woken often");
        CHECK_EQ(waiting[i]->out[1], 0, "without an error");
        REQUIRE_OK(thread_suspend(waiting[i]->thread));
    }
}

/* Members of a group, each at the top of the same chain when its turn comes, whose group is empty. */
TEST(members_that_are_parked_keep_nobody_waiting)
{
    cap_addr_t group = make(OBJECT_SCHED_CONTEXT, 0);
    struct worker *high;

    chain_make(&chains[0]);
    REQUIRE_OK(sched_context_configure(group, MACHINE, 100, US(10), US(500), 0));
    for (uint32_t i = 0; i < CALLERS; i++) {
        REQUIRE_OK(sched_context_add(group, chain_call(&chains[0], 100 + i)));
    }
    high = beat_start();
    chain_spin(&chains[0]);
    beat_end(high);
    REQUIRE_OK(thread_suspend(chains[0].servers[0]));
}

/* --- Making -------------------------------------------------------------------------------------- */

/* arg[0]: untyped memory; arg[1]: empty slots. */
static void spaces_make(struct worker *worker)
{
    for (;; worker->out[0]++) {
        worker->out[1] |= untyped_retype((cap_addr_t)worker->arg[0], OBJECT_VSPACE, 0, SPACES,
                                         TABLE, (cap_addr_t)worker->arg[1]) != ERR_OK;
        worker->out[1] |= cap_table_revoke(TABLE, (cap_addr_t)worker->arg[0]) != ERR_OK;
    }
}

TEST(many_spaces_made_at_once_keep_nobody_waiting)
{
    struct worker *low = worker_make(spaces_make, 3);
    struct worker *high;

    low->arg[0] = make(OBJECT_UNTYPED, MIB(1));
    low->arg[1] = slots_next(SPACES);
    worker_time(low, 50, MS(1000), MS(1000));
    high = beat_start();
    worker_resume(low);
    beat_end(high);
    CHECK(low->out[0] > 5, "they are made often");
    CHECK_EQ(low->out[1], 0, "without an error");
    REQUIRE_OK(thread_suspend(low->thread));
}
