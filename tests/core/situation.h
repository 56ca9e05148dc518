/* SPDX-License-Identifier: MIT */
/*
 * Situations on the simulated machine, set up by hand: what the tests of the core share. The root thread
 * (rank 15, priority 100) runs at first; every function that makes a call makes it as the current thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/boot_info.h"
#include "abi/kernel_calls.h"
#include "abi/types.h"
#include "host_test/test.h"

struct cap;
struct core;
struct thread;

enum { SITUATION_PRIORITY = 100, SITUATION_RANK = 15, PAGE = 4096 };

/** A machine with 1 MiB of untyped memory, and device memory in the slot after it. */
void situation_begin(void);
/** The same with more RAM; 2 MiB of it hold the root's own objects. */
void situation_begin_large(uint64_t ram_bytes);
void situation_end(void);

/** Checks the invariants of the whole object graph; a failure is one of the running test. */
bool situation_is_sound(void);

/** The same, and how many tables are being emptied. */
uint32_t tables_half_empty(void);

struct core *the_core(void);
/** The capability in a slot of the root table; its type says whether there is one. */
struct cap *cap_at(uint32_t slot);
struct thread *thread_at(uint32_t slot);

/* --- Calls ------------------------------------------------------------------------------------- */

/* A system call as the registers hold it. */
struct request {
    uint32_t number;
    uint32_t at;
    msg_info_t info;
    ns_t time;
    uint64_t bits;
    uint64_t words[MSG_REGISTER_WORDS];
};

/** Puts the call into the current thread's registers, and nothing more. */
void request_load(const struct request *request);
/** The current thread makes the call; repeated until it is through or the thread no longer runs. Unchecked. */
err_t request_run(const struct request *request);

#define METHOD_REQUEST(number_, at_, label_, ...)                                                  \
    (&(struct request){                                                                            \
        (number_), (at_), MSG_INFO((label_), 8, 0), DEADLINE_NEVER, ~0ull, { __VA_ARGS__ } })
/* A method with its arguments. */
#define CALL(at, label, ...) request_run(METHOD_REQUEST(SYSCALL_CALL, at, label, __VA_ARGS__))
/* The same for endpoints, where CALL would send a message. */
#define METHOD(at, label, ...) request_run(METHOD_REQUEST(SYSCALL_METHOD, at, label, __VA_ARGS__))
#define OK(result, why) CHECK_EQ(result, ERR_OK, why)

/** What the current thread's last call gave back. */
uint64_t result_word(uint32_t number);

/* --- Making things in the root table ------------------------------------------------------------- */

err_t object_make_from(uint32_t untyped, enum object_type type, uint64_t size, uint32_t slot);
/** From the machine's memory. */
err_t object_make(enum object_type type, uint64_t size, uint32_t slot);
/** With all rights that the source has. */
err_t slot_copy(uint32_t from, uint32_t to);
err_t slot_copy_with(uint32_t from, uint32_t to, uint32_t rights);
err_t slot_mint(uint32_t from, uint32_t to, uint64_t badge);
/* Some pages of a frame. */
err_t slot_pages(uint32_t from, uint32_t to, uint32_t first, uint32_t count);
err_t slot_delete(uint32_t slot);
err_t slot_revoke(uint32_t slot);

/** A thread in slot and its context in the next, on the root's table and space; not started. */
void thread_make(uint32_t slot, uint32_t rank, uint32_t priority);
void thread_make_from(uint32_t untyped, uint32_t slot, uint32_t rank, uint32_t priority);
/** Starts it; it must be more important than the current one, and runs then. */
void thread_begin(uint32_t slot);

/* --- What threads wait in ----------------------------------------------------------------------- */

/** An endpoint call of some words; the thread's own numbers travel. */
err_t call_send(uint32_t endpoint, uint32_t words, ns_t deadline_ns);
err_t call_receive(uint32_t endpoint, ns_t deadline_ns);
err_t call_reply(uint32_t words);
err_t call_reply_receive(uint32_t endpoint, uint32_t words);
/** holder: slot of the thread to lend to, or 0. */
err_t call_wait(uint32_t notification, uint64_t mask, uint32_t holder);
err_t call_signal(uint32_t notification);
void call_fault(uint32_t kind);
