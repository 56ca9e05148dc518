/* SPDX-License-Identifier: MIT */
/* Threads of tests, and system calls made by them. */
#include "boot_test/worker.h"

#include "boot_test/make.h"
#include "boot_test/test.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"
#include "pith/syscall.h"
#include "runner.h"

#define SLOT_BUFFERS 98u
#define SLOT_ALARM 99u /* a notification that is never signalled: to sleep on */
#define SLOT_ENDED 100u
#define PLACE_BUFFERS 0x100000000000ull
#define BUFFER_PAGES (WORKERS_MAX / 4u)
#define JOIN_NS MS(1000)
#define FOREVER_NS MS(10000)
#define REGISTER_RDI 8u

struct pool {
    struct worker workers[WORKERS_MAX];
    uint32_t count;
    uint64_t rounds_per_ms;
};
static struct pool pool;
static uint8_t stacks[WORKERS_MAX][WORKER_STACK_BYTES] __attribute__((aligned(16)));

static void measure(void)
{
    ns_t start_ns = clock_now();

    spin_rounds(100000);
    pool.rounds_per_ms = 100000ull * 1000000u / (clock_now() - start_ns + 1);
}

void workers_init(void)
{
    cap_addr_t ram = untyped_largest();
    uint32_t done = 0;

    REQUIRE_OK(untyped_retype(ram, OBJECT_FRAME, FRAME_SIZE(BUFFER_PAGES, PAGE_CLASS_4K), 1, TABLE,
                              SLOT_BUFFERS));
    REQUIRE_OK(vspace_map(VSPACE, SLOT_BUFFERS, 0, BUFFER_PAGES, PLACE_BUFFERS,
                          PROT_READ | PROT_WRITE, &done));
    REQUIRE(done == BUFFER_PAGES, "the buffers are mapped");
    REQUIRE_OK(untyped_retype(ram, OBJECT_NOTIFICATION, 0, 2, TABLE, SLOT_ALARM));
    measure();
}

void workers_clean(void)
{
    uint64_t bits;

    pool.count = 0;
    (void)!notification_poll(SLOT_ENDED, ~0ull, &bits);
}

cap_addr_t buffer_frame(void)
{
    return SLOT_BUFFERS;
}

struct msg_buffer *buffer_root(void)
{
    return (struct msg_buffer *)BOOT_BUFFER_ADDR;
}

static void begin(struct worker *worker)
{
    worker->entry(worker);
    worker->is_done = true;
    (void)!notification_signal(worker->ended);
    for (;;) {
        (void)!thread_suspend(worker->thread);
    }
}

static struct worker *make_thread(void (*entry)(struct worker *worker), uint64_t size)
{
    REQUIRE(pool.count < WORKERS_MAX, "workers are left");
    uint32_t index = pool.count++;
    struct worker *worker = &pool.workers[index];
    uintptr_t stack = (uintptr_t)stacks[index] + WORKER_STACK_BYTES - 8;

    *worker = (struct worker){ .index = index, .entry = entry };
    worker->thread = make(OBJECT_THREAD, size);
    worker->ended = mint_of(SLOT_ENDED, RIGHTS_ALL, 1ull << index);
    REQUIRE_OK(thread_configure(worker->thread, TABLE, VSPACE));
    REQUIRE_OK(thread_write_registers(worker->thread, 0, 2, (uintptr_t)begin, stack, 0, 0, 0, 0));
    REQUIRE_OK(
        thread_write_registers(worker->thread, REGISTER_RDI, 1, (uintptr_t)worker, 0, 0, 0, 0, 0));
    return worker;
}

struct worker *worker_make(void (*entry)(struct worker *worker), uint32_t rank)
{
    return make_thread(entry, THREAD_SIZE(rank));
}

struct worker *worker_make_fpu(void (*entry)(struct worker *worker), uint32_t rank)
{
    return make_thread(entry, THREAD_SIZE_FPU(rank));
}

void worker_spin(struct worker *worker)
{
    for (;;) {
        worker->out[0]++;
    }
}

void workers_recycle(uint32_t count)
{
    for (; count > 0; count--) {
        delete (pool.workers[--pool.count].thread);
    }
}

void workers_recycle_gone(uint32_t count)
{
    pool.count -= count;
}

void worker_time(struct worker *worker, uint32_t priority, ns_t budget, ns_t period)
{
    worker->context = make(OBJECT_SCHED_CONTEXT, 0);
    REQUIRE_OK(sched_context_configure(worker->context, MACHINE, priority, budget, period, 0));
    REQUIRE_OK(sched_context_bind(worker->context, worker->thread));
}

void worker_resume(struct worker *worker)
{
    REQUIRE_OK(thread_resume(worker->thread));
}

struct worker *worker_start(void (*entry)(struct worker *worker), uint32_t rank, uint32_t priority)
{
    struct worker *worker = worker_make(entry, rank);

    worker_time(worker, priority, FOREVER_NS, FOREVER_NS);
    worker_resume(worker);
    return worker;
}

bool worker_join_by(struct worker *worker, ns_t end)
{
    uint64_t bits;

    return worker->is_done ||
           (CHECK_OK(notification_wait(SLOT_ENDED, 1ull << worker->index, end, 0, &bits)) &&
            CHECK(worker->is_done, "the worker has ended"));
}

bool worker_join(struct worker *worker)
{
    return worker_join_by(worker, clock_now() + JOIN_NS);
}

void worker_buffer(struct worker *worker)
{
    uint32_t offset = worker->index * MSG_BUFFER_BYTES;

    REQUIRE_OK(thread_set_buffer(worker->thread, SLOT_BUFFERS, offset));
    worker->buffer = (struct msg_buffer *)(PLACE_BUFFERS + offset);
    *worker->buffer = (struct msg_buffer){ 0 };
}

static void act(struct worker *worker)
{
    for (;;) {
        uint64_t bits;

        if (notification_wait(worker->go, 1, DEADLINE_NEVER, 0, &bits) == ERR_OK) {
            (void)!message_do(&worker->message);
            worker->is_done = true;
        }
    }
}

struct worker *worker_actor(uint32_t rank, uint32_t priority)
{
    struct worker *worker = worker_make(act, rank);
    cap_addr_t go = make(OBJECT_NOTIFICATION, 0);

    worker->go = mint_of(go, RIGHTS_ALL, 1);
    worker_time(worker, priority, FOREVER_NS, FOREVER_NS);
    worker_resume(worker);
    settle();
    return worker;
}

void worker_act(struct worker *worker, struct message message)
{
    worker->message = message;
    worker->is_done = false;
    REQUIRE_OK(notification_signal(worker->go));
    settle();
}

err_t worker_result(const struct worker *worker)
{
    return CHECK(worker->is_done, "the worker's system call has returned")
               ? (err_t)worker->message.op
               : (err_t)0xffff;
}

err_t worker_result_of(struct worker *worker, struct message message)
{
    worker_act(worker, message);
    return worker_result(worker);
}

/* With the lowest priority there is, this thread runs when no other can. */
void settle(void)
{
    REQUIRE_OK(sched_context_configure(ROOT_SLOT_CONTEXT, MACHINE, 0, FOREVER_NS, FOREVER_NS, 0));
    REQUIRE_OK(sched_context_configure(ROOT_SLOT_CONTEXT, MACHINE, PRIORITY_ROOT, FOREVER_NS,
                                       FOREVER_NS, 0));
}

void sleep_ns(ns_t ns)
{
    uint64_t bits;
    err_t err = notification_wait(SLOT_ALARM, 1, clock_now() + ns, 0, &bits);

    CHECK_EQ(err, ERR_TIMED_OUT, "nobody wakes a sleeper before its time");
}

void spin_ns(ns_t ns)
{
    ns_t end_ns = clock_now() + ns;

    while (clock_now() < end_ns) {
    }
}

/* Not inlined: a round takes the same time wherever it is spun. */
__attribute__((noinline)) void spin_rounds(uint64_t rounds)
{
    for (volatile uint64_t i = 0; i < rounds; i++) {
    }
}

uint64_t rounds_of(ns_t ns)
{
    return pool.rounds_per_ms * ns / 1000000u;
}

uint32_t state_of(cap_addr_t thread)
{
    uint32_t state = 99, fault, rank;
    uint64_t address, ip, switches;

    CHECK_OK(thread_info(thread, &state, &fault, &address, &ip, &rank, &switches));
    return state;
}

ns_t used_of(cap_addr_t context)
{
    uint64_t used = 0, remaining, budget, period;
    uint32_t priority;

    CHECK_OK(sched_context_info(context, &used, &remaining, &priority, &budget, &period));
    return used;
}

err_t message_do(struct message *message)
{
    struct syscall_out out;
    err_t err = syscall_message(message->op, message->info, message->time, message->bits, 8, 8,
                                message->words, &out);

    message->info = out.info;
    message->time = out.badge;
    message->bits = out.bits;
    message->op = err;
    return err;
}

struct message call_to(cap_addr_t endpoint, uint32_t label, ns_t deadline)
{
    return (struct message){ .op = OP(SYSCALL_CALL, endpoint),
                             .info = MSG_INFO(label, 0, 0),
                             .time = deadline };
}

struct message receive_until(cap_addr_t endpoint, ns_t deadline, uint64_t mask)
{
    return (struct message){ .op = OP(SYSCALL_RECEIVE, endpoint), .time = deadline, .bits = mask };
}

struct message receive_from(cap_addr_t endpoint)
{
    return receive_until(endpoint, DEADLINE_NEVER, 0);
}

struct message reply_with(cap_addr_t reply, uint32_t label, uint64_t word)
{
    return (struct message){ .op = OP(SYSCALL_REPLY, reply),
                             .info = MSG_INFO(label, 1, 0),
                             .words = { word } };
}

struct message reply_receive_on(cap_addr_t endpoint, uint32_t label, uint64_t word)
{
    return (struct message){ .op = OP(SYSCALL_REPLY_RECEIVE, endpoint),
                             .info = MSG_INFO(label, 1, 0),
                             .time = DEADLINE_NEVER,
                             .words = { word } };
}

struct message wait_for(cap_addr_t notification, uint64_t mask, ns_t deadline, cap_addr_t lend)
{
    return (struct message){ .op = OP(SYSCALL_WAIT, notification),
                             .info = MSG_INFO(0, 1, 0),
                             .time = deadline,
                             .bits = mask,
                             .words = { lend } };
}

struct message method_of(cap_addr_t target, uint32_t label, uint32_t words, const uint64_t *word)
{
    struct message message = { .op = OP(SYSCALL_CALL, target),
                               .info = MSG_INFO(label, words, 0),
                               .time = DEADLINE_NEVER };

    for (uint32_t i = 0; i < words; i++) {
        message.words[i] = word[i];
    }
    return message;
}
