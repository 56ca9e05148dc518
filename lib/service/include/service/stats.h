/* SPDX-License-Identifier: MIT */
/*
 * What a program counts of itself: a page that its parent gives it under the name "stats", keeps beyond its life, and
 * reads. Only the program writes to it, so a program can lie about itself and about nobody else; whoever shows
 * the numbers says whose word they are. Counts never go back, also over restarts. Without such a page the counts go
 * to memory that nobody reads.
 */
#pragma once

#include <stdint.h>

#include "abi/boot_info.h"
#include "abi/types.h"

/* times[n]: calls that took 2^n to 2^(n+1) - 1 ns; [0] also those of 0 ns. */
#define STATS_TIMES 64u

/* A clock of 250 MHz or more has mult below 2^34: so many ticks can be multiplied by it. */
#define STATS_SHORT_LOG2 30u

struct program_stats {
    uint64_t calls;       /* answered by its first thread, without probes */
    uint64_t entries_in;  /* taken out of the rings of its sessions */
    uint64_t entries_out; /* put into them */
    uint64_t signals;     /* waits that its notification ended */
    uint64_t serving_ns;  /* from the arrival of calls to their answers, added up */
    uint64_t worst_ns;    /* the longest of these */
    uint64_t spare_bytes; /* of its memory were never used, in any life; 0: nothing was said yet */
    uint64_t progress;    /* stats_progress() */
    uint64_t times[STATS_TIMES];
};
_Static_assert(sizeof(struct program_stats) <= 4096, "one page");

/* The program's own. */
extern struct program_stats *program_stats;

/**
 * stats_progress() - a long operation has come further. Who says so at least every 10 ms is not probed meanwhile, and
 * not taken for hung; for programs that have no service_wait() in such an operation, but had one before it: that maps the page.
 */
static inline void stats_progress(void)
{
    program_stats->progress++;
}

/** stats_ticks() - now, in ticks of the time-stamp counter. */
static inline uint64_t stats_ticks(void)
{
    return __builtin_ia32_rdtsc();
}

/** stats_ns() - nanoseconds from ticks. */
static inline ns_t stats_ns(uint64_t ticks)
{
    const struct clock_page *clock = (const struct clock_page *)BOOT_CLOCK_ADDR;

    if (ticks >> STATS_SHORT_LOG2 == 0) {
        return ticks * clock->mult >> clock->shift; /* in 64 bits: fewer instructions */
    }
    return (ns_t)((unsigned __int128)ticks * clock->mult >> clock->shift);
}

/** stats_answered() - a call that arrived at that time, in ticks, is answered now. */
static inline void stats_answered(uint64_t arrived)
{
    struct program_stats *stats = program_stats;
    ns_t spent_ns = stats_ns(stats_ticks() - arrived);

    stats->calls++;
    stats->serving_ns += spent_ns;
    stats->times[63 - __builtin_clzll(spent_ns | 1)]++;
    if (spent_ns > stats->worst_ns) {
        stats->worst_ns = spent_ns;
    }
}
