/* SPDX-License-Identifier: MIT */
#include "pattern.h"

/* The last steps of SplitMix64. */
static uint64_t mix(uint64_t value)
{
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
}

static uint64_t word_of(uint64_t sector, uint64_t version, uint32_t number)
{
    return mix((sector * PATTERN_WORDS + number + 1) * 0x9e3779b97f4a7c15u + version);
}

void pattern_fill(uint64_t *words, uint64_t sector, uint64_t version)
{
    for (uint32_t i = 0; i < PATTERN_WORDS; i++) {
        words[i] = word_of(sector, version, i);
    }
}

bool pattern_matches(const uint64_t *words, uint64_t sector, uint64_t version)
{
    for (uint32_t i = 0; i < PATTERN_WORDS; i++) {
        if (words[i] != word_of(sector, version, i)) {
            return false;
        }
    }
    return true;
}

uint64_t pattern_checksum(const uint64_t *words, uint64_t sector)
{
    uint64_t sum = mix(sector + 1);

    for (uint32_t i = 0; i < PATTERN_WORDS; i++) {
        sum = (sum ^ words[i]) * 0x100000001b3u;
        sum ^= sum >> 32;
    }
    return sum;
}
