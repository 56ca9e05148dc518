/* SPDX-License-Identifier: MIT */
/*
 * What a sector holds that a test wrote: 64 words, each a hash of the sector's number, the word's number and a
 * version. So a sector that is another's, or an older one, or partly so, does not match.
 * tests/scenario/disk.py makes the same.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define PATTERN_WORDS 64u

/** pattern_fill() - write a sector. */
void pattern_fill(uint64_t *words, uint64_t sector, uint64_t version);

/** pattern_matches() - is it what pattern_fill() writes? */
bool pattern_matches(const uint64_t *words, uint64_t sector, uint64_t version);

/** pattern_checksum() - of any sector, mixed with its number; sums of these depend on no order. */
uint64_t pattern_checksum(const uint64_t *words, uint64_t sector);
