/* SPDX-License-Identifier: MIT */
/*
 * A machine starts with one thread, and to have two of them talk across cores takes a random caller long. So
 * the root thread of a machine with several cores makes, by the same calls as any program, a few threads of
 * different ranks on each of them, all with its own table, and endpoints and notifications between.
 */
#include "crew.h"

#include <stdio.h>
#include <stdlib.h>

#include "abi/boot_info.h"
#include "arch_host/machine.h"
#include "core/core.h"

enum {
    FIRST_SLOT = 64,
    PER_CORE = 3,
    MEETING_PLACES = 4,
    RESTARTS_MAX = 100000,
    BUDGET_NS = 20000,
    PERIOD_NS = 50000,
    PRIORITY = 100,
};

static struct core *first_core;
static uint32_t next_slot;

/* A method, called by the root thread, which is the best there is until all are made. */
static void call(uint64_t at, uint32_t label, const uint64_t *words)
{
    struct thread *thread = first_core->current;

    thread->registers.op = SYSCALL_CALL | at << 32;
    thread->registers.info = MSG_INFO(label, MSG_REGISTER_WORDS, 0);
    for (uint32_t i = 0; i < MSG_REGISTER_WORDS; i++) {
        thread->registers.words[i] = words[i];
    }
    for (int tries = 0; tries < RESTARTS_MAX; tries++) {
        host_syscall(first_core);
        (void)host_interrupts_deliver(first_core);
        if (!host_is_restarting(thread)) {
            break;
        }
    }
    if (first_core->current != thread || thread->registers.op != ERR_OK) {
        fprintf(stderr, "random_calls: the crew cannot be made: error %u\n",
                (unsigned)thread->registers.op);
        abort();
    }
}

#define CALL(at, label, ...) call((at), (label), (const uint64_t[8]){ __VA_ARGS__ })

static uint32_t make(enum object_type type, uint64_t size)
{
    CALL(ROOT_SLOT_UNTYPED, UNTYPED_RETYPE, type, size, 1, ROOT_SLOT_TABLE, next_slot);
    return next_slot++;
}

static void make_thread(uint32_t core, uint32_t rank)
{
    uint32_t thread = make(OBJECT_THREAD, rank | 1u << 8);
    uint32_t context = make(OBJECT_SCHED_CONTEXT, 0);

    CALL(thread, THREAD_CONFIGURE, ROOT_SLOT_TABLE, ROOT_SLOT_VSPACE);
    CALL(context, SCHED_CONTEXT_CONFIGURE, ROOT_SLOT_MACHINE, PRIORITY - rank, BUDGET_NS, PERIOD_NS,
         core);
    CALL(context, SCHED_CONTEXT_BIND, thread);
    CALL(thread, THREAD_RESUME, 0);
}

void crew_make(void)
{
    static const uint8_t ranks[PER_CORE] = { 14, 9, 3 };

    first_core = host_core(0);
    next_slot = FIRST_SLOT;
    for (uint32_t core = 0; core < host_core_count(); core++) {
        for (uint32_t i = 0; i < PER_CORE; i++) {
            make_thread(core, ranks[i]);
        }
    }
    for (uint32_t i = 0; i < MEETING_PLACES; i++) {
        (void)make(OBJECT_ENDPOINT, 3 + 2 * i);
        (void)make(OBJECT_NOTIFICATION, 3 + 2 * i);
    }
}
