/* SPDX-License-Identifier: MIT */
/*
 * Which parts of an address space are free. The caller guards it (self_lock()).
 * Invariant: free ranges are in order, not empty, and never touch.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"

#define RANGES_MAX 64u
#define PAGE_BYTES 4096ull

struct range {
    user_addr_t start;
    user_addr_t end;
};

struct ranges {
    uint32_t count;
    struct range free[RANGES_MAX];
};

/** ranges_init() - [start, end) is free, nothing else. */
void ranges_init(struct ranges *ranges, user_addr_t start, user_addr_t end);

/**
 * ranges_reserve() - take the lowest place that is free.
 * @align: a power of two, at least a page.
 * Errors: ERR_RANGE      bytes is 0 or no multiple of a page, or align is not allowed.
 *         ERR_NO_MEMORY  no place is large enough, or it would leave too many pieces.
 */
MUST_CHECK err_t ranges_reserve(struct ranges *ranges, uint64_t bytes, uint64_t align,
                                user_addr_t *at);

/**
 * ranges_release() - give a place back.
 * Errors: ERR_RANGE      part of it is free already.
 *         ERR_NO_MEMORY  it would leave too many pieces; the place stays taken.
 */
MUST_CHECK err_t ranges_release(struct ranges *ranges, user_addr_t at, uint64_t bytes);
