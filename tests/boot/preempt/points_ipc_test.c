/* SPDX-License-Identifier: MIT */
/* Every preemption point of deleting what others wait for, forced one by one: aim.h. */
#include "aim.h"
#include "boot_test/make.h"
#include "boot_test/test.h"
#include "pith/kernel_calls.h"
#include "pith/syscall.h"

#define WAITERS 6u
#define REGISTER_IP 0u

/* Waiters that outlive what they wait for, and what a run deletes. */
struct crowd {
    cap_addr_t untyped, target;
    struct worker *waiters[WAITERS];
    struct worker *holder;
    /* For the death of a thread. */
    cap_addr_t context, deferring, serving, lock, replies;
};
static struct crowd crowd;
static uint8_t victim_stack[2048] __attribute__((aligned(16)));

static void crowd_begin(void)
{
    crowd.untyped = make(OBJECT_UNTYPED, KIB(16));
    crowd.target = slot_next();
    for (uint32_t i = 0; i < WAITERS; i++) {
        crowd.waiters[i] = worker_actor(5, 100 + 10 * (i % 3));
    }
    crowd.holder = worker_actor(0, 20);
}

static struct message delete_target(void)
{
    uint64_t word = crowd.target;

    return method_of(TABLE, CAP_TABLE_DELETE, 1, &word);
}

static void check_failed(uint32_t from, uint32_t to, err_t err)
{
    for (uint32_t i = from; i < to; i++) {
        CHECK_EQ(worker_result(crowd.waiters[i]), err, "each waiter is told, once");
    }
}

static void check_gone(void)
{
    check_failed(0, WAITERS, ERR_GONE);
    CHECK_EQ(used_bytes(crowd.untyped), 0, "its memory is free");
}

static void prepare_endpoint(void)
{
    REQUIRE_OK(untyped_retype(crowd.untyped, OBJECT_ENDPOINT, 2, 1, TABLE, crowd.target));
    for (uint32_t i = 0; i < WAITERS; i++) {
        worker_act(crowd.waiters[i], call_to(crowd.target, 1, DEADLINE_NEVER));
        CHECK(!crowd.waiters[i]->is_done, "it waits");
    }
}

TEST(every_point_of_deleting_an_endpoint)
{
    crowd_begin();
    aim_at_every_point(&(struct operation){ "delete, an endpoint with 6 callers", prepare_endpoint,
                                            check_gone, delete_target(), STEP_FINE_NS, WAITERS });
}

static void prepare_notification(void)
{
    REQUIRE_OK(untyped_retype(crowd.untyped, OBJECT_NOTIFICATION, 2, 1, TABLE, crowd.target));
    for (uint32_t i = 0; i < WAITERS; i++) {
        worker_act(crowd.waiters[i], wait_for(crowd.target, 1, DEADLINE_NEVER,
                                              i % 2 == 0 ? crowd.holder->thread : 0));
        CHECK(!crowd.waiters[i]->is_done, "it waits");
    }
}

/* Half of them lend. */
TEST(every_point_of_deleting_a_notification)
{
    crowd_begin();
    aim_at_every_point(&(struct operation){ "delete, a notification with 6 waiters",
                                            prepare_notification, check_gone, delete_target(),
                                            STEP_FINE_NS, WAITERS });
}

/* Defers two calls, serves a third, and is the server of two endpoints. */
static _Noreturn void victim(void)
{
    struct message message;

    for (uint32_t i = 0; i < 2; i++) {
        message = receive_from(crowd.deferring);
        (void)!message_do(&message);
        (void)!reply_defer(crowd.replies + i);
    }
    message = receive_from(crowd.serving);
    (void)!message_do(&message);
    for (;;) {
        (void)!thread_suspend(crowd.target);
    }
}

static void prepare_thread(void)
{
    REQUIRE_OK(
        untyped_retype(crowd.untyped, OBJECT_THREAD, THREAD_SIZE(1), 1, TABLE, crowd.target));
    REQUIRE_OK(thread_configure(crowd.target, TABLE, VSPACE));
    REQUIRE_OK(thread_write_registers(crowd.target, REGISTER_IP, 2, (uintptr_t)victim,
                                      (uintptr_t)victim_stack + sizeof(victim_stack) - 8, 0, 0, 0,
                                      0));
    REQUIRE_OK(sched_context_bind(crowd.context, crowd.target));
    worker_act(crowd.waiters[0], call_to(crowd.deferring, 1, DEADLINE_NEVER));
    worker_act(crowd.waiters[1], call_to(crowd.deferring, 1, DEADLINE_NEVER));
    worker_act(crowd.waiters[2], call_to(crowd.serving, 1, DEADLINE_NEVER));
    REQUIRE_OK(thread_resume(crowd.target));
    settle();
    for (uint32_t i = 3; i < WAITERS; i++) {
        worker_act(crowd.waiters[i], wait_for(crowd.lock, 1, DEADLINE_NEVER, crowd.target));
    }
    for (uint32_t i = 0; i < WAITERS; i++) {
        CHECK(!crowd.waiters[i]->is_done, "it waits");
    }
}

static void check_thread(void)
{
    check_failed(0, 3, ERR_PEER_DIED);
    for (uint32_t i = 3; i < WAITERS; i++) {
        CHECK(!crowd.waiters[i]->is_done, "who waits for the lock waits on");
    }
    for (uint32_t i = 3; i < WAITERS; i++) {
        REQUIRE_OK(notification_signal(crowd.lock));
        settle();
    }
    check_failed(3, WAITERS, ERR_OK);
    CHECK_EQ(used_bytes(crowd.untyped), 0, "its memory is free");
}

/* The served call, two deferred ones, two endpoints, the lock; and its context, which hangs on the capability. */
TEST(every_point_of_deleting_a_thread)
{
    crowd_begin();
    crowd.context = make(OBJECT_SCHED_CONTEXT, 0);
    crowd.deferring = make(OBJECT_ENDPOINT, 2);
    crowd.serving = make(OBJECT_ENDPOINT, 2);
    crowd.lock = mint_of(make(OBJECT_NOTIFICATION, 2), RIGHTS_ALL, 1);
    crowd.replies = make_row(OBJECT_REPLY, 0, 2);
    REQUIRE_OK(sched_context_configure(crowd.context, MACHINE, 30, MS(10000), MS(10000), 0));
    aim_at_every_point(&(struct operation){ "delete, a thread that 6 wait for", prepare_thread,
                                            check_thread, delete_target(), STEP_FINE_NS,
                                            1 + 2 + 2 + 1 + 1 });
}
