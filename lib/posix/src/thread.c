/* SPDX-License-Identifier: MIT */
/*
 * A native thread is made when it is first needed, with one of the contexts that the program's description gives, and
 * never goes: when the C library's thread ends, it stands still (suspended) until the next one is to run on it. So
 * a thread that ends needs nobody to clear up behind it, and a program holds as much memory as it ever had threads.
 */
#include "thread.h"

#include <stdatomic.h>
#include <stddef.h>

#include "abi/kernel_calls.h"
#include "calls.h"
#include "libc_start.h"
#include "lock.h"
#include "pages.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"
#include "pith/program_info.h"
#include "pith/self.h"
#include "pith/start.h"

enum { REGISTER_RIP = 0, REGISTER_FS_BASE = 18, CALLS_STACK_BYTES = 16384 };

#define AGAIN_NS (20 * NS_PER_US)

_Thread_local struct posix_thread *posix_thread_self;

_Static_assert(offsetof(struct posix_thread, stack) == 0, "entry.S knows");

static struct {
    struct posix_thread all[THREADS_MAX]; /* the first is main()'s */
    uint8_t rank;
    cap_addr_t faults; /* who hears of their faults, and so of exit() */
    bool is_prepared;
} threads;

struct posix_thread *thread_first(void)
{
    threads.all[0].number = 1;
    threads.all[0].state = THREAD_TAKEN;
    return &threads.all[0];
}

/* How many threads there can be beside the first. */
static uint32_t threads_allowed(void)
{
    const struct program_info *program = self()->program;
    uint32_t count = program != NULL ? program->context_count : 0;

    return count < THREADS_MAX - 1 ? count : THREADS_MAX - 1;
}

/* What the first of further threads needs. Until it runs, nobody else is here. */
static err_t threads_prepare(void)
{
    uint32_t state, fault, rank = 0;
    uint64_t address, ip, switches;
    err_t err;

    if (threads.is_prepared) {
        return ERR_OK;
    }
    threads.faults = self_cap("faults");
    if (threads.faults == 0) {
        return ERR_NO_ENTRY; /* exit() of another thread would end that thread alone */
    }
    err = thread_info(self()->thread, &state, &fault, &address, &ip, &rank, &switches);
    if (err == ERR_OK) {
        err = locks_prepare(rank > 0 ? rank - 1 : 0);
    }
    threads.rank = (uint8_t)rank;
    threads.is_prepared = err == ERR_OK;
    return err;
}

/* Never runs to its end: it is stopped, and sent elsewhere. */
static void stand_still(void *unused)
{
    (void)unused;
    for (;;) {
        (void)!thread_suspend(thread_self()->thread);
    }
}

static err_t native_create(struct posix_thread *thread, uint32_t number)
{
    const struct thread_spec spec = {
        .entry = stand_still,
        .stack_bytes = CALLS_STACK_BYTES,
        .rank = threads.rank,
        .has_fpu = true,
        .context = self()->program->first_context + number - 1,
        .handler = threads.faults,
    };
    err_t err = event_create(&thread->event, 0);

    if (err) {
        return err;
    }
    err = thread_start(&spec, &thread->native);
    if (err) {
        event_destroy(&thread->event);
        return err;
    }
    thread->number = (int32_t)number + 1;
    thread->stack = thread->native.place + THREAD_PLACE_BYTES - THREAD_BLOCK_BYTES;
    return ERR_OK;
}

/* A free one. Those that are ending are so for an instant only. NULL: there is none. */
static struct posix_thread *thread_take(uint32_t *number)
{
    for (;;) {
        bool is_ending = false;

        wait_lock();
        for (uint32_t i = 1; i <= threads_allowed(); i++) {
            /* Acquire: pairs with the release in thread_end(). */
            uint32_t state = atomic_load_explicit(&threads.all[i].state, memory_order_acquire);

            if (state == THREAD_FREE) {
                threads.all[i].state = THREAD_TAKEN;
                wait_unlock();
                *number = i;
                return &threads.all[i];
            }
            is_ending |= state == THREAD_ENDING;
        }
        wait_unlock();
        if (!is_ending) {
            return NULL;
        }
        sleep_until(clock_now() + AGAIN_NS);
    }
}

/* The variable of a thread whose thread pointer is @pointer: where ours is, as seen from ours. */
static struct posix_thread **self_of(uintptr_t pointer)
{
    uintptr_t mine;

    __asm__("mov %%fs:0, %0" : "=r"(mine));
    return (struct posix_thread **)(pointer + ((uintptr_t)&posix_thread_self - mine));
}

/* Wherever it stands still: go there instead. */
static err_t native_send(const struct posix_thread *thread, uintptr_t stack, uintptr_t pointer)
{
    cap_addr_t native = thread->native.thread;
    err_t err = thread_suspend(native);

    if (err == ERR_OK) {
        err = thread_write_registers(native, REGISTER_RIP, 2, (uintptr_t)posix_thread_enter, stack,
                                     0, 0, 0, 0);
    }
    if (err == ERR_OK) {
        err = thread_write_registers(native, REGISTER_FS_BASE, 1, pointer, 0, 0, 0, 0, 0);
    }
    return err ? err : thread_resume(native);
}

/* Arguments: function, stack, argument, where its number goes, thread pointer, what to clear at its end. */
long posix_thread_create(const long arguments[6])
{
    uintptr_t *stack = (uintptr_t *)(arguments[1] & ~15l) - 2;
    struct posix_thread *thread;
    uint32_t number;

    if (threads_allowed() == 0 || threads_prepare() != ERR_OK) {
        return -POSIX_ENOSYS;
    }
    thread = thread_take(&number);
    if (thread == NULL) {
        return -POSIX_EAGAIN;
    }
    if (thread->native.thread == 0 && native_create(thread, number) != ERR_OK) {
        thread->state = THREAD_FREE;
        return -POSIX_ENOMEM;
    }
    stack[0] = (uintptr_t)arguments[0];
    stack[1] = (uintptr_t)arguments[2];
    *self_of((uintptr_t)arguments[4]) = thread;
    *(int32_t *)arguments[3] = thread->number;
    thread->clear = (_Atomic int32_t *)arguments[5];

    err_t err = native_send(thread, (uintptr_t)stack, (uintptr_t)arguments[4]);

    if (err) {
        thread->state = THREAD_FREE;
        return -POSIX_EAGAIN;
    }
    return thread->number;
}

static bool others_run(const struct posix_thread *me)
{
    for (uint32_t i = 0; i < THREADS_MAX; i++) {
        if (&threads.all[i] != me && threads.all[i].state == THREAD_TAKEN) {
            return true;
        }
    }
    return false;
}

bool threads_others_run(void)
{
    return threads.is_prepared && others_run(posix_thread_self);
}

/* The C library's memory for this thread may be gone by now: only its struct is used. */
static _Noreturn void thread_end(struct posix_thread *me, int status)
{
    wait_lock();
    bool is_last = !others_run(me);

    me->state = THREAD_ENDING;
    if (me->clear != NULL) {
        /* Release: who sees it sees all that this thread did. */
        atomic_store_explicit(me->clear, 0, memory_order_release);
        (void)threads_wake(me->clear, 1);
    }
    wait_unlock();
    if (is_last) {
        program_exit(status);
    }
    if (me == &threads.all[0]) {
        for (;;) {
            sleep_until(DEADLINE_NEVER);
        }
    }
    /* Release: pairs with the acquire in thread_take(). It holds nothing from here on. */
    atomic_store_explicit(&me->state, THREAD_FREE, memory_order_release);
    stand_still(NULL);
    __builtin_unreachable();
}

long posix_thread_exit(const long arguments[6])
{
    thread_end(posix_thread_self, (int)arguments[0]);
}

/* Arguments: the mapping that holds its stack and storage. */
long posix_thread_unmap_exit(const long arguments[6])
{
    struct posix_thread *me = posix_thread_self;

    posix_lock();
    (void)pages_give((user_addr_t)arguments[0], (uint64_t)arguments[1]);
    posix_unlock();
    thread_end(me, 0);
}

long posix_set_tid_address(const long arguments[6])
{
    posix_thread_self->clear = (_Atomic int32_t *)arguments[0];
    return posix_thread_self->number;
}

long posix_gettid(const long arguments[6])
{
    (void)arguments;
    return posix_thread_self->number;
}
