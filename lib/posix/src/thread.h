/* SPDX-License-Identifier: MIT */
/* Threads of the program, as the C library sees them, and how they wait for each other. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/types.h"
#include "pith/object.h"
#include "pith/thread.h"

enum { THREADS_MAX = 17 };

enum posix_thread_state {
    THREAD_FREE,   /* there may be a native thread, which stands still */
    THREAD_TAKEN,  /* runs, or is about to */
    THREAD_ENDING, /* is on its way to standing still */
};

struct posix_thread {
    uintptr_t stack;        /* where its calls run; entry.S knows that this is the first member */
    int32_t number;         /* its thread id */
    _Atomic uint32_t state; /* enum posix_thread_state */
    struct thread_handle native;
    _Atomic int32_t *clear; /* set to 0, with a wake-up, when it ends; NULL: nothing */

    uint64_t blocked, pending; /* signals; touched only by the thread itself */

    /* Waiting; guarded by wait_lock(). */
    struct event event;
    const void *waits_on;      /* NULL: for nothing */
    struct posix_thread *next; /* in the queue of all that wait, oldest first */
};

/* The C library's thread-local storage holds who one is; NULL before main(). */
extern _Thread_local struct posix_thread *posix_thread_self;

/** thread_first() - the one of main(). */
struct posix_thread *thread_first(void);

/** threads_others_run() - does any other thread than the caller? */
bool threads_others_run(void);

/** threads_wake() - wake up to @count of those that wait on @word; gives how many. With wait_lock() held. */
long threads_wake(const void *word, long count);
