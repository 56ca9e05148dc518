/* SPDX-License-Identifier: MIT */
/*
 * Threads of a program. Each has a stack in a place of THREAD_PLACE_BYTES, aligned to its size: at the top
 * its struct thread_block, below it the stack, then nothing (a stack that overflows faults), at the
 * bottom the message buffer. So a thread finds its block from its stack pointer.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"
#include "pith/object.h"

#define THREAD_PLACE_BYTES 65536ull
#define THREAD_STACK_BYTES 32768u /* if the spec says 0 */
#define THREAD_BLOCK_BYTES 64u

struct thread_block {
    cap_addr_t thread;         /* its own capability; 0: it has none */
    struct event done;         /* it has ended */
    struct msg_buffer *buffer; /* pinned */
    void (*entry)(void *argument);
    void *argument;
    uint64_t reserved[3];
};
_Static_assert(sizeof(struct thread_block) == THREAD_BLOCK_BYTES, "start.S makes room for it");

struct thread_spec {
    void (*entry)(void *argument);
    void *argument;
    uint32_t
        stack_bytes; /* a multiple of a page, at most THREAD_PLACE_BYTES - 2 pages; 0: default */
    uint8_t rank;
    bool has_fpu;
    cap_addr_t context; /* its own time, configured; 0: passive */
    cap_addr_t handler; /* endpoint for its faults; 0: none */
};

/* What the starter keeps of a thread. */
struct thread_handle {
    cap_addr_t thread;
    struct event done;
    cap_addr_t frame;  /* stack and buffer */
    cap_addr_t buffer; /* copy of frame that the thread's buffer holds */
    user_addr_t place;
    uint64_t frame_bytes;
};

/** thread_self() - the block of the thread that asks. No system call. */
static inline struct thread_block *thread_self(void)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);

    return (struct thread_block *)((here | (THREAD_PLACE_BYTES - 1)) + 1 - THREAD_BLOCK_BYTES);
}

/**
 * thread_start() - make a thread in this program, and let it run. Gives a handle for thread_join().
 * Errors: ERR_RANGE  stack_bytes is not allowed; and those of object_create() and region_create().
 */
MUST_CHECK err_t thread_start(const struct thread_spec *spec, struct thread_handle *handle);

/**
 * thread_join() - wait until a thread's entry has returned, lending to it where ranks allow; then
 * give back all that it was made of.
 * Errors: ERR_TIMED_OUT, ERR_CANCELLED  it still runs and the handle stays good.
 */
MUST_CHECK err_t thread_join(struct thread_handle *handle, ns_t deadline_ns);

/** thread_destroy() - end a thread wherever it is. What it held (locks!) stays held. */
void thread_destroy(struct thread_handle *handle);
