/* SPDX-License-Identifier: MIT */
/*
 * Workers on other cores. They run while the root thread does, so nothing here may wait for others to be done by themselves:
 * crew_until() looks until something holds, for as long as the slowest host may need.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "boot_test/make.h"
#include "boot_test/worker.h"

#define CREW_CORES_MAX 64u
#define CREW_PRIORITY 100u

/** crew_cores() - how many the machine has; ends the test if there is only one. */
uint32_t crew_cores(void);

/** crew_size() - so many of them work together: each core one, at most CREW_MAX. */
#define CREW_MAX 4u
uint32_t crew_size(void);

/** crew_start_on() - a worker with time on that core, running. crew_give() - the time alone. */
struct worker *crew_start_on(uint32_t core, void (*entry)(struct worker *worker), uint32_t rank);
void crew_give(struct worker *worker, uint32_t core);

/** crew_finish() - lets workers run that count in out[0], and in out[1] what went wrong; waits until each has done its rounds. */
void crew_finish(struct worker **crew, uint32_t count, uint64_t rounds);

/** crew_destroy_many() - workers on other cores that count in out[0], and in out[1] what went wrong, are destroyed as they run. */
void crew_destroy_many(void (*entry)(struct worker *worker));

/** crew_until() - waits until the condition holds: false, and a failed check, if it does not within a minute. */
#define CREW_UNTIL(condition, why)                                                                 \
    do {                                                                                           \
        ns_t crew_end = crew_patience();                                                           \
        while (!(condition) && crew_look(crew_end)) {                                              \
        }                                                                                          \
        CHECK(condition, why);                                                                     \
    } while (0)
ns_t crew_patience(void);
bool crew_look(ns_t end);

/** crew_count() - adds 1, for counters that several cores write. */
static inline void crew_count(volatile uint64_t *counter)
{
    __atomic_fetch_add((uint64_t *)counter, 1, __ATOMIC_RELAXED);
}
