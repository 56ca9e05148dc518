/* SPDX-License-Identifier: MIT */
/* What a program knows and has: set up before main(). */
#pragma once

#include <stdint.h>

#include "abi/boot_info.h"
#include "abi/types.h"
#include "pith/lock.h"
#include "pith/memory.h"
#include "pith/program_info.h"
#include "pith/ranges.h"
#include "pith/slots.h"

#define CHUNKS_MAX 128u

/* Untyped memory that objects are made from; untyped is 0 if there is none. */
struct chunk {
    cap_addr_t untyped;
    uint32_t objects;
};

struct self {
    /* Fixed at the start. */
    const struct boot_info *boot;       /* root program only, else NULL */
    const struct program_info *program; /* else NULL */
    cap_addr_t table;
    cap_addr_t space;
    cap_addr_t thread; /* the first one */

    /* Guarded by lock (self_lock()). */
    struct lock lock;
    struct slots slots;
    struct memory memory;
    struct ranges ranges;
    struct chunk chunks[CHUNKS_MAX];
    uint8_t chunk_of[SLOTS_MAX]; /* by slot: number of its chunk + 1 */
};

/** self() - the one there is. */
struct self *self(void);

/** self_cap() - the slot of a named capability that the parent gave; 0 if there is none. */
cap_addr_t self_cap(const char *name);

/** self_args() - the arguments, words between blanks; empty for the root program. */
const char *self_args(void);

/** self_lock(), self_unlock() - around every use of what it guards. They nest not. */
void self_lock(void);
void self_unlock(void);

/** self_init() - for the start-up code. Errors: none but of our own making. */
MUST_CHECK err_t self_init(void);
