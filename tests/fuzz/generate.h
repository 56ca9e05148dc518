/* SPDX-License-Identifier: MIT */
/* Makes the next step of a random run: mostly one that nearly makes sense where the machine is now. */
#pragma once

#include <stdint.h>

#include "step.h"

struct random {
    uint64_t state;
};

/* What this run likes: each run does some things more often than others, and so gets further with them. */
struct habits {
    uint32_t method_sums[FUZZ_OPS];
    uint32_t plain_percent;
    uint32_t preempt_percent;
    uint32_t lasting_percent; /* deadlines that are far away */
    uint8_t cores;            /* of the machine */
    uint32_t late_percent;    /* other cores' interrupts that wait */
    bool goes_deep;           /* copies copies of copies */
    uint32_t deepest;         /* the slot of the last copy */
};

static inline uint64_t random64(struct random *random)
{
    uint64_t mixed = random->state += 0x9e3779b97f4a7c15u; /* SplitMix64 */

    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

static inline uint32_t random_below(struct random *random, uint32_t below)
{
    return (uint32_t)(((random64(random) >> 32) * below) >> 32);
}

/** True in `percent` of 100 cases. */
static inline bool random_chance(struct random *random, uint32_t percent)
{
    return random_below(random, 100) < percent;
}

/** cores: of the machine; 0: as it comes. */
void generate_begin(struct random *random, struct habits *habits, uint32_t cores);
void generate_step(struct random *random, struct habits *habits, struct step *step);
