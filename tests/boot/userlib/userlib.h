/* SPDX-License-Identifier: MIT */
/*
 * Tests of the user library, as root program. Not with tests/boot's harness, since that shares out the
 * memory that the library is to manage. After each test all memory must be whole again.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"
#include "pith/thread.h"

struct userlib_test {
    const char *name;
    void (*run)(void);
};

extern const struct userlib_test memory_tests[];
extern const struct userlib_test thread_tests[];
extern const struct userlib_test program_tests[];

bool check(bool holds, const char *text, const char *why, int line);
bool check_equal(uint64_t got, uint64_t want, const char *text, const char *why, int line);
uint32_t random_below(uint32_t below);

#define CHECK(condition, why) check((condition), #condition, (why), __LINE__)
#define CHECK_EQ(got, want, why)                                                                   \
    check_equal((uint64_t)(got), (uint64_t)(want), #got, (why), __LINE__)

/** context_make() - time for a thread. */
cap_addr_t context_make(uint32_t priority, ns_t budget_ns, ns_t period_ns);

/** thread_run() - start a thread with time of its own; false and a failed check if that does not work. */
struct running {
    struct thread_handle handle;
    cap_addr_t context;
};
bool thread_run(struct running *running, void (*entry)(void *argument), void *argument,
                uint8_t rank, uint32_t priority);
/** thread_finish() - join it, at most ten seconds. */
void thread_finish(struct running *running);
