/* SPDX-License-Identifier: MIT */
/* What a run leaves: two runs that differ only in what came between must leave the same. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct thread;

struct outcome {
    uint32_t objects, caps, depth, edges;
    uint64_t tree;    /* all capabilities: places, contents, attachments */
    uint64_t threads; /* states, what calls gave back, whom they serve and lend to */
    uint64_t
        memory; /* used bytes of all untyped memory in the root table, runs and tables of its space */
    uint64_t pages; /* all entries of the page tables of the root's space */
};

/** Checks the invariants, too. Threads for which is_left_out() is true do not count. */
struct outcome outcome_now(bool (*is_left_out)(const struct thread *thread));

/** Each difference is a failure of the running test. */
void outcome_compare(const struct outcome *got, const struct outcome *want);
