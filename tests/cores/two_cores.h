/* SPDX-License-Identifier: MIT */
/*
 * Threads of two cores that meet, set up by hand on the simulated machine, with the invariants checked after each
 * call. Every thread has the root's table and space, so a slot means the same to all.
 */
#pragma once

#include "abi/boot_info.h"
#include "arch_host/machine.h"
#include "arch_host/root.h"
#include "core/core.h"
#include "host_test/test.h"
#include "object/ipc_objects.h"
#include "object/sched_context.h"

enum { PRIORITY = 100, BUDGET_NS = 1000000, RESTARTS_MAX = 1000, CORES = 2 };
enum slot {
    ENDPOINT = 40,
    NOTIFICATION,
    REPLY,
    LOCAL, /* a thread; its context is in the next slot */
    LOCAL_CONTEXT,
    REMOTE,
    REMOTE_CONTEXT,
    OTHER,
    OTHER_CONTEXT,
    THING,
    THING_CONTEXT,
    SPARE,
};

#define SEND(core, number, at, label, ...)                                                         \
    call((core), (number), (at), MSG_INFO((label), 8, 0), (const uint64_t[8]){ __VA_ARGS__ })
#define CALL(core, at, label, ...) SEND(core, SYSCALL_CALL, at, label, __VA_ARGS__)
#define METHOD(core, at, label, ...) SEND(core, SYSCALL_METHOD, at, label, __VA_ARGS__)
#define OK(result, why) CHECK_EQ(result, ERR_OK, why)

void machine_begin(void);
/** All invariants of the object graph hold. */
void machine_is_sound(void);

/** The invariants hold before a core has looked, and afterwards. What one takes may concern the other. */
void interrupts_deliver(void);

/** What the current thread of a core is about to do; gives that thread. */
struct thread *prepare(uint32_t core, uint32_t number, uint64_t at, uint64_t info,
                       const uint64_t *words);
/** The current thread of a core makes a call; it is repeated until it is through. */
err_t call(uint32_t core, uint32_t number, uint64_t at, uint64_t info, const uint64_t *words);

/** From here to alone_end(), which tells how many: entries of the kernel that need no lock but their core's own. */
void alone_begin(void);
uint32_t alone_end(void);
/** What the current thread of a core is prepared to do: true, with that lock alone. */
bool syscall_alone(uint32_t core);
/** call() once, of 8 words, with that lock alone, or needing more; op: OP(). */
err_t call_alone(bool alone, uint32_t core, uint64_t op, uint32_t label, const uint64_t *words);
#define OP(number, at) ((uint64_t)(number) | (uint64_t)(at) << 32)
#define OWN(core, number, at, label, ...)                                                          \
    call_alone(true, (core), OP((number), (at)), (label), (const uint64_t[8]){ __VA_ARGS__ })
#define ALL(core, number, at, label, ...)                                                          \
    call_alone(false, (core), OP((number), (at)), (label), (const uint64_t[8]){ __VA_ARGS__ })

void *object_in(uint32_t slot);

struct thread *thread_in(uint32_t slot);

const struct thread *current_of(uint32_t core);

void make(enum object_type type, uint64_t size, uint32_t slot);

err_t configure(uint32_t context, uint32_t core, uint32_t priority);

/** A thread on a core, inactive. */
void make_thread(uint32_t slot, uint32_t rank, uint32_t core, uint32_t priority);

void start(uint32_t slot);

/** The root on core 0; a server of rank 1 on core 1, that receives. */
void begin_with_server(void);
