/* SPDX-License-Identifier: MIT */
/*
 * Checks the whole object graph of the simulated machine against what the kernel's headers and
 * docs/kernel/design.md promise. Reads only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct invariants_count {
    uint32_t objects;
    uint32_t caps;
    uint32_t depth;
    uint32_t types; /* how many types of object are alive at once */
    uint32_t edges; /* of the lending forest */
};

/**
 * invariants_hold() - true if nothing is wrong; else why says what is, with names.
 * @spaces: the page tables too, which takes most of the time.
 */
bool invariants_hold(bool spaces, const char **why, struct invariants_count *count);

/* What the last invariants_hold() saw. */
struct thread;
/** All threads, at most max of them; returns how many. */
uint32_t invariants_threads(const struct thread **threads, uint32_t max);
/** Of all capabilities: places, contents, attachments. */
uint64_t invariants_hash(void);
/** How many capabilities lie below one that is being revoked. */
uint32_t invariants_frozen(void);
struct core;
/**
 * invariants_foreign_keep(), invariants_foreign_same() - what the core may not change with its own lock alone is the same; with all, everything is,
 * and an entry that gave up may change nothing. Between the two nothing is destroyed. why says what is not.
 */
void invariants_foreign_keep(const struct core *core, bool all);
bool invariants_foreign_same(const char **why);
/** How many tables are being emptied. */
uint32_t invariants_doomed(void);
