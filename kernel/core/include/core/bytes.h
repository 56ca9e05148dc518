/* SPDX-License-Identifier: MIT */
/* Numbers in what firmware and loaders wrote, wherever they lie. */
#pragma once

#include <stdint.h>

/** A number of at most eight bytes, the lowest first. */
static inline uint64_t bytes_get(const uint8_t *at, uint32_t bytes)
{
    uint64_t value = 0;

    for (uint32_t i = bytes; i-- > 0;) {
        value = value << 8 | at[i];
    }
    return value;
}
