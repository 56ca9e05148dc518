/* SPDX-License-Identifier: MIT */
/* Reading what firmware and loaders have left, which may lie at any address. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "arch/arch.h"

/** bytes_get() - a number of so many bytes, the lowest first. */
static inline uint64_t bytes_get(const uint8_t *at, uint32_t bytes)
{
    uint64_t value = 0;

    for (uint32_t i = bytes; i-- > 0;) {
        value = value << 8 | at[i];
    }
    return value;
}

/** bytes_are() - are they these characters? */
static inline bool bytes_are(const void *start, const char *text, uint32_t bytes)
{
    const char *at = start;

    for (uint32_t i = 0; i < bytes; i++) {
        if (at[i] != text[i]) {
            return false;
        }
    }
    return true;
}

static inline void bytes_copy(void *to, const void *from, uint64_t bytes)
{
    uint8_t *end = to;
    const uint8_t *rest = from;

    arch_memory_copy_words(to, from, bytes / 8);
    for (uint64_t i = bytes & ~7ull; i < bytes; i++) {
        end[i] = rest[i];
    }
}
