/* SPDX-License-Identifier: MIT */
/*
 * Threads stopped and destroyed while they are on their way into the kernel: their core waits for the lock, with a system call or an
 * exception in its hand. Nothing of it may happen to a thread that is stopped by then, and nothing of it may be lost.
 */
#include "boot_test/test.h"
#include "crew.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"
#include "pith/syscall.h"

#define STOPS 400u

/* Makes system calls for ever: one whose result cannot be guessed, and one that lets others run. */
static void call_often(struct worker *worker)
{
    for (;;) {
        struct message message = { .op = OP(SYSCALL_ABI_VERSION, 0) };

        worker->out[1] += message_do(&message) != ERR_OK || message.words[0] != ABI_HASH;
        worker->out[1] += thread_yield() != ERR_OK;
        worker->out[0]++;
    }
}

TEST(a_thread_that_calls_the_kernel_is_stopped_when_suspend_returns)
{
    struct worker *worker = crew_start_on(1, call_often, 3);

    for (uint32_t i = 0; i < STOPS; i++) {
        uint64_t count = worker->out[0];

        CREW_UNTIL(worker->out[0] != count, "it goes on");
        REQUIRE_OK(thread_suspend(worker->thread));
        CHECK_EQ(state_of(worker->thread), THREAD_STATE_INACTIVE, "it is inactive");
        count = worker->out[0];
        spin_ns(US(20));
        CHECK_EQ(worker->out[0], count, "it does not move");
        REQUIRE_OK(thread_resume(worker->thread));
    }
    CHECK_EQ(worker->out[1], 0, "each of its calls was made, once it ran again");
}

TEST(a_thread_that_calls_the_kernel_can_be_destroyed)
{
    crew_destroy_many(call_often);
}

/* Waits and is signalled by nobody: a thread that is stopped before its call waits does not wait afterwards. */
static void wait_often(struct worker *worker)
{
    for (;;) {
        struct message message = wait_for((cap_addr_t)worker->arg[0], 1, clock_now() + US(20), 0);
        err_t err = message_do(&message);

        worker->out[1] += err != ERR_TIMED_OUT && err != ERR_CANCELLED;
        worker->out[0]++;
    }
}

TEST(a_thread_that_is_about_to_wait_is_stopped_when_suspend_returns)
{
    struct worker *worker = worker_make(wait_often, 3);

    worker->arg[0] = make(OBJECT_NOTIFICATION, 3);
    crew_give(worker, 1);
    worker_resume(worker);
    for (uint32_t i = 0; i < STOPS; i++) {
        uint64_t count = worker->out[0];

        CREW_UNTIL(worker->out[0] != count, "it goes on");
        REQUIRE_OK(thread_suspend(worker->thread));
        count = worker->out[0];
        spin_ns(US(40));
        CHECK_EQ(state_of(worker->thread), THREAD_STATE_INACTIVE, "it is inactive and stays so");
        CHECK_EQ(worker->out[0], count, "it does not move");
        REQUIRE_OK(thread_resume(worker->thread));
    }
    CHECK_EQ(worker->out[1], 0, "each wait ended as it should");
}

/* Two exceptions in a row, of different kinds: the second one leaves the instruction pointer behind it. out: where each is, in 2 and 3. */
static void trap_twice(struct worker *worker)
{
    __asm__ volatile("leaq 1f(%%rip), %%rax\n"
                     "movq %%rax, %0\n"
                     "leaq 2f(%%rip), %%rax\n"
                     "movq %%rax, %1\n"
                     "1: ud2\n"
                     "2: int3\n"
                     : "=m"(worker->out[2]), "=m"(worker->out[3])
                     :
                     : "rax", "memory");
    for (;;) {
        worker->out[0]++;
    }
}

static uint32_t fault_of(cap_addr_t thread)
{
    uint32_t state, fault = 0, rank;
    uint64_t address, ip, switches;

    REQUIRE_OK(thread_info(thread, &state, &fault, &address, &ip, &rank, &switches));
    return fault;
}

static void put_at(const struct worker *worker, uint64_t place)
{
    REQUIRE_OK(thread_write_registers(worker->thread, 0, 1, place, 0, 0, 0, 0, 0));
    REQUIRE_OK(thread_resume(worker->thread));
}

/* Stopped anywhere on the way into a trap, it has told of it, or does so when it runs again: it never goes on behind it. */
TEST(no_trap_is_lost_when_a_thread_is_stopped)
{
    struct worker *worker = crew_start_on(1, trap_twice, 3);

    for (uint32_t i = 0; i < STOPS; i++) {
        CREW_UNTIL(fault_of(worker->thread) == FAULT_ILLEGAL &&
                       state_of(worker->thread) == THREAD_STATE_INACTIVE,
                   "the first exception has stopped it");
        put_at(worker, worker->out[3]);
        spin_rounds(i * 4);
        REQUIRE_OK(thread_suspend(worker->thread));
        if (fault_of(worker->thread) != FAULT_BREAKPOINT) {
            REQUIRE_OK(thread_resume(worker->thread));
            CREW_UNTIL(fault_of(worker->thread) == FAULT_BREAKPOINT, "the trap is told of");
        }
        CHECK_EQ(worker->out[0], 0, "nothing behind it was run");
        put_at(worker, worker->out[2]);
    }
}

#define TRAPPED 20u
#define TRIES 2000u

/* As above, but the second waits until arg[1] is set. out: whether it waits, in 4; behind the second, in 5. */
static void trap_when_told(struct worker *worker)
{
    __asm__ volatile("leaq 1f(%%rip), %%rax\n"
                     "movq %%rax, %0\n"
                     "leaq 2f(%%rip), %%rax\n"
                     "movq %%rax, %1\n"
                     "leaq 4f(%%rip), %%rax\n"
                     "movq %%rax, %2\n"
                     "1: ud2\n"
                     "2: movq $1, %4\n"
                     "3: cmpq $0, %3\n"
                     "je 3b\n"
                     "int3\n"
                     "4:\n"
                     : "=m"(worker->out[2]), "=m"(worker->out[3]), "=m"(worker->out[5])
                     : "m"(worker->arg[1]), "m"(worker->out[4])
                     : "rax", "memory");
    for (;;) {
        worker->out[0]++;
    }
}

static bool is_stopped_by(const struct worker *worker, uint32_t fault)
{
    return fault_of(worker->thread) == fault && state_of(worker->thread) == THREAD_STATE_INACTIVE;
}

/* Its core waits for a lock with the trap in hand when it is stopped: where it is says so. */
static bool is_caught(struct worker *worker, uint32_t tries)
{
    uint64_t ip = 0, rest[7];

    worker->arg[1] = 0;
    worker->out[4] = 0;
    put_at(worker, worker->out[3]);
    CREW_UNTIL(worker->out[4] != 0, "it waits");
    worker->arg[1] = 1;
    spin_rounds(tries % 40);
    REQUIRE_OK(thread_suspend(worker->thread));
    REQUIRE_OK(thread_read_registers(worker->thread, 0, 1, &ip, &rest[0], &rest[1], &rest[2],
                                     &rest[3], &rest[4], &rest[5], &rest[6]));
    if (fault_of(worker->thread) == FAULT_BREAKPOINT) {
        put_at(worker, worker->out[2]);
        CREW_UNTIL(is_stopped_by(worker, FAULT_ILLEGAL), "it is where it was");
        return false;
    }
    return ip == worker->out[5];
}

/* arg: until when it has its core. */
static void hold_core(struct worker *worker)
{
    worker->out[0] = 1;
    while (worker->arg[0] == 0) {
    }
}

/* Each of many threads has its trap in hand, and all come to be next at once. How long that takes is looked at by the benchmark's lock_tests. */
TEST(traps_of_many_threads_are_told_one_after_the_other)
{
    struct worker *crew[TRAPPED];
    struct worker *holder = worker_make(hold_core, 3);
    uint32_t tries = 0;

    crew_cores();
    for (uint32_t i = 0; i < TRAPPED; i++) {
        crew[i] = crew_start_on(1, trap_when_told, 3);
        CREW_UNTIL(is_stopped_by(crew[i], FAULT_ILLEGAL), "the first exception has stopped it");
        while (tries < TRIES && !is_caught(crew[i], tries)) {
            tries++;
        }
    }
    CHECK(tries < TRIES, "all were caught");
    holder->context = make(OBJECT_SCHED_CONTEXT, 0);
    REQUIRE_OK(sched_context_configure(holder->context, MACHINE, CREW_PRIORITY + 1, MS(1000),
                                       MS(1000), 1));
    REQUIRE_OK(sched_context_bind(holder->context, holder->thread));
    worker_resume(holder);
    CREW_UNTIL(holder->out[0] != 0, "it runs");
    for (uint32_t i = 0; i < TRAPPED; i++) {
        REQUIRE_OK(thread_resume(crew[i]->thread));
    }
    holder->arg[0] = 1;
    for (uint32_t i = 0; i < TRAPPED; i++) {
        CREW_UNTIL(is_stopped_by(crew[i], FAULT_BREAKPOINT), "its trap is told of");
        CHECK_EQ(crew[i]->out[0], 0, "nothing behind it was run");
    }
}
