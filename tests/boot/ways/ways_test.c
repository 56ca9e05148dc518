/* SPDX-License-Identifier: MIT */
/*
 * Two cores at once, each with the same work: calls among threads of its own, objects made and deleted, which takes all locks, signals to the other
 * core, and a beat that interrupts all this; in between it is idle. So they meet in every lock, and each waits for the other now and then.
 */
#include "boot_test/make.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"

#define CORES 2u
#define ROUNDS 20000u
#define ROUNDS_CALLS 4u
#define PRIORITY 100u
#define BEAT_NS US(50)
#define PAUSE_NS US(100)
#define JOIN_NS MS(120000)

/* arg: endpoint. */
static void serve(struct worker *worker)
{
    uint64_t endpoint = worker->arg[0];
    struct message message = receive_from((cap_addr_t)endpoint);

    (void)message_do(&message);
    for (;;) {
        message.words[0]++;
        message.op = OP(SYSCALL_REPLY_RECEIVE, endpoint);
        message.info = MSG_INFO(1, 1, 0);
        message.time = DEADLINE_NEVER;
        message.bits = 0;
        (void)message_do(&message);
    }
}

static uint64_t calls(uint64_t endpoint)
{
    uint64_t wrong = 0;

    for (uint64_t i = 0; i < ROUNDS_CALLS; i++) {
        struct message message = call_to((cap_addr_t)endpoint, 1, DEADLINE_NEVER);

        message.info = MSG_INFO(1, 1, 0);
        message.words[0] = i;
        wrong += message_do(&message) != ERR_OK || message.words[0] != i + 1;
    }
    return wrong;
}

static bool has_waited(uint64_t notification, ns_t ns)
{
    struct message message = wait_for((cap_addr_t)notification, 1, clock_now() + ns, 0);
    err_t err = message_do(&message);

    return err == ERR_OK || err == ERR_TIMED_OUT;
}

/* arg: endpoint, memory, slot, own notification, the other core's. out[0]: what went wrong. */
static void work(struct worker *worker)
{
    uint64_t slot = worker->arg[2];

    for (uint32_t i = 0; i < ROUNDS; i++) {
        uint64_t wrong = calls(worker->arg[0]);

        wrong += untyped_retype((cap_addr_t)worker->arg[1], OBJECT_NOTIFICATION, 3, 1, TABLE,
                                (cap_addr_t)slot) != ERR_OK;
        wrong += cap_table_delete(TABLE, (cap_addr_t)slot) != ERR_OK;
        wrong += notification_signal((cap_addr_t)worker->arg[4]) != ERR_OK;
        if (i % 4 == 0) {
            wrong += !has_waited(worker->arg[3], PAUSE_NS);
        }
        worker->out[0] += wrong;
    }
}

/* arg: a notification that is never signalled. */
static void beat(struct worker *worker)
{
    for (;;) {
        worker->out[0] += !has_waited(worker->arg[0], BEAT_NS);
    }
}

/* More important than the others, for at most a fifth of the time: in a machine that is stopped at each step it would have all of it. */
static struct worker *on(uint32_t core, void (*entry)(struct worker *worker), uint32_t rank)
{
    bool is_beat = entry == beat;
    struct worker *worker = worker_make(entry, rank);

    worker->context = make(OBJECT_SCHED_CONTEXT, 0);
    REQUIRE_OK(sched_context_configure(worker->context, MACHINE, PRIORITY + is_beat,
                                       MS(is_beat ? 1 : 1000), MS(is_beat ? 5 : 1000), core));
    REQUIRE_OK(sched_context_bind(worker->context, worker->thread));
    return worker;
}

TEST(two_cores_go_all_ways)
{
    struct worker *workers[CORES];
    struct worker *beats[CORES];
    cap_addr_t bells[CORES];

    for (uint32_t i = 0; i < CORES; i++) {
        bells[i] = mint_of(make(OBJECT_NOTIFICATION, 3), RIGHTS_ALL, 1);
    }
    for (uint32_t i = 0; i < CORES; i++) {
        struct worker *server = on(i, serve, 3);
        struct worker *worker = on(i, work, 9);

        workers[i] = worker;
        beats[i] = on(i, beat, 9);
        server->arg[0] = worker->arg[0] = make(OBJECT_ENDPOINT, 5);
        worker->arg[1] = make(OBJECT_UNTYPED, MIB(1));
        worker->arg[2] = slot_next();
        worker->arg[3] = bells[i];
        worker->arg[4] = bells[(i + 1) % CORES];
        beats[i]->arg[0] = make(OBJECT_NOTIFICATION, 3);
        worker_resume(server);
    }
    for (uint32_t i = 0; i < CORES; i++) {
        worker_resume(beats[i]);
        worker_resume(workers[i]);
    }
    for (uint32_t i = 0; i < CORES; i++) {
        (void)worker_join_by(workers[i], clock_now() + JOIN_NS);
        CHECK_EQ(workers[i]->out[0], 0, "all of it went well");
        CHECK_EQ(beats[i]->out[0], 0, "and so did the beat");
    }
}
