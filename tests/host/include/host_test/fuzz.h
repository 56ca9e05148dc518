/* SPDX-License-Identifier: MIT */
/* For a fuzzer of one file: numbers that depend on the seed of a run alone, and what a run ends with that finds something. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static struct {
    const char *name;
    uint64_t seed;
    uint64_t state;
} fuzz;

static inline void fuzz_begin(const char *name, uint64_t seed)
{
    fuzz.name = name;
    fuzz.seed = fuzz.state = seed;
}

/** random64() - SplitMix64. */
static inline uint64_t random64(void)
{
    uint64_t mixed = fuzz.state += 0x9e3779b97f4a7c15u;

    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

static inline uint32_t below(uint32_t limit)
{
    return (uint32_t)(((random64() >> 32) * limit) >> 32);
}

/** require() - ends the program, with the seed, if it does not hold. */
static inline void require(bool holds, const char *what)
{
    if (!holds) {
        printf("FAIL %s: %s (seed %llu)\n", fuzz.name, what, (unsigned long long)fuzz.seed);
        exit(1);
    }
}
