/* SPDX-License-Identifier: MIT */
/*
 * Threads for tests, in the root program's space and with its table. The root thread has priority 255 and rank
 * 15, so workers run only while it waits. A worker runs a function, or waits for system calls to make:
 *
 *     struct worker *server = worker_actor(3, 100);
 *     worker_act(server, receive_from(endpoint));  -- runs until nobody can
 *     CHECK(!server->is_done, "nothing to receive yet");
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/kernel_calls.h"
#include "abi/types.h"

#define WORKERS_MAX 24u
#define WORKER_STACK_BYTES 8192u
#define PRIORITY_ROOT 255u

/* The registers of a system call, before and after. */
struct message {
    uint64_t op; /* then: error */
    uint64_t info;
    uint64_t time; /* deadline; then: badge */
    uint64_t bits;
    uint64_t words[8];
};

struct worker {
    cap_addr_t thread;
    cap_addr_t context; /* 0: passive */
    cap_addr_t go;      /* actors wait for its bit 0 */
    cap_addr_t
        ended; /* signals the worker's bit of the notification that worker_join() waits for */
    uint32_t index;
    void (*entry)(struct worker *worker);
    struct msg_buffer *buffer; /* NULL until worker_buffer() */

    volatile bool is_done; /* the function has returned, or the system call has */
    struct message message;

    /* For the function's own use. */
    volatile uint64_t arg[6];
    volatile uint64_t out[6];
};

/** worker_make() - a thread that is to run a function; without context. */
struct worker *worker_make(void (*entry)(struct worker *worker), uint32_t rank);
struct worker *worker_make_fpu(void (*entry)(struct worker *worker), uint32_t rank);
/** worker_spin() - what a worker may run: counts in out[0] for ever. */
void worker_spin(struct worker *worker);
/** workers_recycle() - deletes the threads made last; their stacks serve the next. */
void workers_recycle(uint32_t count);
/** workers_recycle_gone() - the same when their threads are deleted already. */
void workers_recycle_gone(uint32_t count);
/** worker_time() - gives it a context, bound. */
void worker_time(struct worker *worker, uint32_t priority, ns_t budget, ns_t period);
void worker_resume(struct worker *worker);
/** worker_start() - all three, with time that never runs out in a test. */
struct worker *worker_start(void (*entry)(struct worker *worker), uint32_t rank, uint32_t priority);
/** worker_join() - wait for its end, at most a second; a failed check if it does not come. */
bool worker_join(struct worker *worker);
/** worker_join_by() - the same, until a time. */
bool worker_join_by(struct worker *worker, ns_t end);
/** worker_buffer() - pins a message buffer for it. */
void worker_buffer(struct worker *worker);
/** buffer_frame() - the frame that buffers come from: capability and, per worker, the offset. */
cap_addr_t buffer_frame(void);
/** buffer_root() - the root thread's own. */
struct msg_buffer *buffer_root(void);

/** worker_actor() - one that makes system calls as told. */
struct worker *worker_actor(uint32_t rank, uint32_t priority);
/** worker_act() - makes it start one and lets all others run until nobody can. */
void worker_act(struct worker *worker, struct message message);
/** worker_result() - of the last: CHECKs that it has come. */
err_t worker_result(const struct worker *worker);
/** worker_result_of() - act, and the result at once. */
err_t worker_result_of(struct worker *worker, struct message message);

/** settle() - let everybody else run until nobody can. Endless if somebody spins. */
void settle(void);
/** sleep_ns() - let others run for that long. */
void sleep_ns(ns_t ns);
/** spin_ns() - be busy for that long of the clock. */
void spin_ns(ns_t ns);
/** spin_rounds() - be busy for that much work of its own, whatever the clock says. */
void spin_rounds(uint64_t rounds);
/** rounds_of() - how many rounds take so many ns, if nobody interferes. */
uint64_t rounds_of(ns_t ns);

uint32_t state_of(cap_addr_t thread);
ns_t used_of(cap_addr_t context);

/* Messages. */
err_t message_do(struct message *message);
#define OP(number, cap) ((uint64_t)(number) | (uint64_t)(cap) << 32)
struct message call_to(cap_addr_t endpoint, uint32_t label, ns_t deadline);
struct message receive_from(cap_addr_t endpoint);
struct message receive_until(cap_addr_t endpoint, ns_t deadline, uint64_t mask);
struct message reply_with(cap_addr_t reply, uint32_t label, uint64_t word);
struct message reply_receive_on(cap_addr_t endpoint, uint32_t label, uint64_t word);
struct message wait_for(cap_addr_t notification, uint64_t mask, ns_t deadline, cap_addr_t lend);
struct message method_of(cap_addr_t target, uint32_t label, uint32_t words, const uint64_t *word);
