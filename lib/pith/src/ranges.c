/* SPDX-License-Identifier: MIT */
#include "pith/ranges.h"

void ranges_init(struct ranges *ranges, user_addr_t start, user_addr_t end)
{
    ranges->count = 1;
    ranges->free[0] = (struct range){ start, end };
}

static void range_remove(struct ranges *ranges, uint32_t index)
{
    ranges->count--;
    for (uint32_t i = index; i < ranges->count; i++) {
        ranges->free[i] = ranges->free[i + 1];
    }
}

static err_t range_insert(struct ranges *ranges, uint32_t index, struct range range)
{
    if (ranges->count == RANGES_MAX) {
        return ERR_NO_MEMORY;
    }
    for (uint32_t i = ranges->count; i > index; i--) {
        ranges->free[i] = ranges->free[i - 1];
    }
    ranges->free[index] = range;
    ranges->count++;
    return ERR_OK;
}

/* Take [start, end) out of the free range at index, which holds it. */
static err_t range_cut(struct ranges *ranges, uint32_t index, user_addr_t start, user_addr_t end)
{
    struct range *range = &ranges->free[index];
    user_addr_t range_end = range->end;

    if (range->start == start && range_end == end) {
        range_remove(ranges, index);
    } else if (range->start == start) {
        range->start = end;
    } else if (range_end == end) {
        range->end = start;
    } else {
        err_t err = range_insert(ranges, index + 1, (struct range){ end, range_end });

        if (err) {
            return err;
        }
        range->end = start;
    }
    return ERR_OK;
}

err_t ranges_reserve(struct ranges *ranges, uint64_t bytes, uint64_t align, user_addr_t *at)
{
    if (bytes == 0 || bytes % PAGE_BYTES != 0 || align < PAGE_BYTES || (align & (align - 1)) != 0) {
        return ERR_RANGE;
    }
    for (uint32_t i = 0; i < ranges->count; i++) {
        const struct range *range = &ranges->free[i];
        user_addr_t start = (range->start + align - 1) & ~(align - 1);

        if (start < range->end && range->end - start >= bytes) {
            err_t err = range_cut(ranges, i, start, start + bytes);

            if (err == ERR_OK) {
                *at = start;
            }
            return err;
        }
    }
    return ERR_NO_MEMORY;
}

err_t ranges_release(struct ranges *ranges, user_addr_t at, uint64_t bytes)
{
    user_addr_t end = at + bytes;
    uint32_t next = 0;

    if (bytes == 0 || end < at) {
        return ERR_RANGE;
    }
    while (next < ranges->count && ranges->free[next].end <= at) {
        next++;
    }
    if (next < ranges->count && ranges->free[next].start < end) {
        return ERR_RANGE;
    }
    bool joins_last = next > 0 && ranges->free[next - 1].end == at;
    bool joins_next = next < ranges->count && ranges->free[next].start == end;

    if (joins_last && joins_next) {
        ranges->free[next - 1].end = ranges->free[next].end;
        range_remove(ranges, next);
    } else if (joins_last) {
        ranges->free[next - 1].end = end;
    } else if (joins_next) {
        ranges->free[next].start = at;
    } else {
        return range_insert(ranges, next, (struct range){ at, end });
    }
    return ERR_OK;
}
