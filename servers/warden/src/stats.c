/* SPDX-License-Identifier: MIT */
/*
 * What is counted for people to look at. Programs count their own calls in pages of theirs that outlive them
 * (service/stats.h): we pass on what they say. How long they were down is our own word.
 */
#include "warden.h"

#include "service/stats.h"

enum { SHORTEST_LOG2 = 10 };

_Static_assert(sizeof(((struct warden_page *)0)->recoveries) ==
                   SYSTEM_TIMES_BUCKETS * sizeof(uint32_t),
               "one for each");

err_t stats_keep(uint32_t program)
{
    cap_addr_t slot = slot_of(program, PART_STATS);
    user_addr_t at = 0;
    err_t err = object_keep(slot, OBJECT_FRAME, 1u << 8 | PAGE_CLASS_4K);

    if (err == ERR_OK) {
        err = frame_map(slot, PAGE_BYTES, PROT_READ, &at);
    }
    warden()->stats[program] = err == ERR_OK ? (const struct program_stats *)at : NULL;
    return err;
}

/* Which power of two a time belongs to, as system/protocol.h counts them. */
static uint32_t bucket_of(uint32_t log2)
{
    uint32_t bucket = log2 < SHORTEST_LOG2 ? 0 : log2 - SHORTEST_LOG2 + 1;

    return bucket < SYSTEM_TIMES_BUCKETS ? bucket : SYSTEM_TIMES_BUCKETS - 1;
}

void recovery_note(ns_t down_ns)
{
    warden()->page->recoveries[bucket_of(63u - (uint32_t)__builtin_clzll(down_ns | 1))]++;
}

bool has_progressed(uint32_t program)
{
    static uint64_t seen[DESCRIPTION_PROGRAMS];
    const volatile struct program_stats *stats = warden()->stats[program];
    uint64_t now = stats != NULL ? stats->progress : 0;
    bool is_new = now != seen[program];

    seen[program] = now;
    return is_new;
}

err_t query_counts(uint64_t words[8])
{
    if (words[0] >= warden()->programs) {
        return ERR_RANGE;
    }
    const struct program_stats *stats = warden()->stats[words[0]];

    if (stats == NULL) {
        return ERR_GONE; /* a child of init */
    }
    words[SYSTEM_COUNTS_CALLS] = stats->calls;
    words[SYSTEM_COUNTS_IN] = stats->entries_in;
    words[SYSTEM_COUNTS_OUT] = stats->entries_out;
    words[SYSTEM_COUNTS_SIGNALS] = stats->signals;
    words[SYSTEM_COUNTS_SERVING] = stats->serving_ns;
    words[SYSTEM_COUNTS_WORST] = stats->worst_ns;
    return ERR_OK;
}

err_t query_times(uint64_t words[8])
{
    uint64_t number = words[0], what = words[1], first = words[2];
    uint64_t times[SYSTEM_TIMES_BUCKETS] = { 0 };

    if (number >= warden()->programs || what > SYSTEM_TIMES_RECOVERY ||
        first > SYSTEM_TIMES_BUCKETS - 8) {
        return ERR_RANGE;
    }
    const struct program_stats *stats = warden()->stats[number];

    if (what == SYSTEM_TIMES_CALLS && stats == NULL) {
        return ERR_GONE;
    }
    for (uint32_t i = 0; what == SYSTEM_TIMES_CALLS && i < STATS_TIMES; i++) {
        times[bucket_of(i)] += stats->times[i];
    }
    for (uint32_t i = 0; what == SYSTEM_TIMES_RECOVERY && i < SYSTEM_TIMES_BUCKETS; i++) {
        times[i] = warden()->page->recoveries[i];
    }
    for (uint32_t i = 0; i < 8; i++) {
        words[i] = times[first + i];
    }
    return ERR_OK;
}
