/* SPDX-License-Identifier: MIT */
/*
 * Forcing every preemption point of a system call. In the emulator an instruction takes a nanosecond, so the same
 * call takes the same time whenever it starts from the same state. A timer fires once in each run, a step later than in
 * the run before, from just before the call's entry to its end. The trace says whether the call was cut and how far from
 * its entry: cuts at different distances are different points. The step must be smaller than the shortest of these distances.
 */
#pragma once

#include "boot_test/worker.h"

#define STEP_FINE_NS 15u    /* between leaves of a tree */
#define STEP_COARSE_NS 150u /* between rows of 64 entries, or pages that are cleared */

struct operation {
    const char *name;
    void (*prepare)(void); /* the state before the call, from that after check() */
    void (*check)(void);   /* what the call must have left behind; takes it away */
    struct message message;
    uint32_t step_ns;
    uint32_t points; /* at least so many there are, from the size of what was prepared */
};

/** aim_at_every_point() - runs the operation at all phases; the root thread's test fails if a point was missed. */
void aim_at_every_point(const struct operation *operation);
