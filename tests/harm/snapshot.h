/* SPDX-License-Identifier: MIT */
/* The system as the warden describes it, to be compared with what it was before. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "system/protocol.h"

enum { PROGRAMS_MAX = 32, OWNERS_MAX = PROGRAMS_MAX + 8 };

struct snapshot {
    uint32_t programs;
    uint32_t owners;
    char names[PROGRAMS_MAX][SYSTEM_NAME_BYTES + 1];
    uint32_t state[PROGRAMS_MAX];
    uint32_t restarts[PROGRAMS_MAX];
    uint32_t deaths[PROGRAMS_MAX]; /* faults, ends and hangs */
    uint64_t bytes[OWNERS_MAX];
    uint64_t wardens; /* so far */
};

/** system_ask() - call the warden, again if it dies of it. @words: arguments, then results. */
MUST_CHECK err_t system_ask(enum system_op op, uint64_t words[8]);

/** snapshot_take() - a warden that dies in between is asked again. */
MUST_CHECK err_t snapshot_take(struct snapshot *snapshot);

/** snapshot_find() - the number of a program. Errors: ERR_NO_ENTRY. */
MUST_CHECK err_t snapshot_find(const struct snapshot *snapshot, const char *name, uint32_t *number);

/**
 * snapshot_is_as_before() - all memory by owner, and the state of all programs; nobody but @victim died or was restarted.
 * Says what is not.
 */
bool snapshot_is_as_before(const struct snapshot *before, const struct snapshot *after,
                           uint32_t victim);
