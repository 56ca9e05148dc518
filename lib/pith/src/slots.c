/* SPDX-License-Identifier: MIT */
#include "pith/slots.h"

#include <stdbool.h>

static bool is_taken(const struct slots *slots, uint32_t index)
{
    return slots->bits[index / 64] >> (index % 64) & 1;
}

static void mark(struct slots *slots, uint32_t first, uint32_t count, bool taken)
{
    for (uint32_t i = first; i < first + count; i++) {
        uint64_t bit = 1ull << (i % 64);

        slots->bits[i / 64] = taken ? slots->bits[i / 64] | bit : slots->bits[i / 64] & ~bit;
    }
}

void slots_init(struct slots *slots, cap_addr_t first, uint32_t count)
{
    slots->first = first;
    slots->count = count < SLOTS_MAX ? count : SLOTS_MAX;
    slots->taken = 0;
    /* Word by word: every program does this when it starts. */
    for (uint32_t i = 0; i < SLOTS_MAX / 64; i++) {
        uint32_t first_bit = i * 64;

        if (first_bit + 64 <= slots->count) {
            slots->bits[i] = 0;
        } else {
            slots->bits[i] =
                first_bit >= slots->count ? UINT64_MAX : UINT64_MAX << slots->count % 64;
        }
    }
}

err_t slots_take(struct slots *slots, uint32_t count, cap_addr_t *first)
{
    uint32_t run = 0;

    if (count == 0) {
        return ERR_RANGE;
    }
    for (uint32_t i = 0; i < slots->count; i++) {
        if (i % 64 == 0 && slots->bits[i / 64] == UINT64_MAX) {
            run = 0;
            i += 63;
            continue;
        }
        run = is_taken(slots, i) ? 0 : run + 1;
        if (run == count) {
            mark(slots, i + 1 - count, count, true);
            slots->taken += count;
            *first = slots->first + i + 1 - count;
            return ERR_OK;
        }
    }
    return ERR_NO_SLOT;
}

void slots_give(struct slots *slots, cap_addr_t first, uint32_t count)
{
    uint32_t index = first - slots->first;

    if (index >= slots->count || count > slots->count - index) {
        return;
    }
    mark(slots, index, count, false);
    slots->taken -= count;
}
