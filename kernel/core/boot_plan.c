/* SPDX-License-Identifier: MIT */
#include <stddef.h>

#include "core/boot.h"
#include "core/core.h"

#define PAGE 4096ull

static uint64_t align_up(uint64_t value, uint64_t align)
{
    return (value + align - 1) & ~(align - 1);
}

static void range_remove(struct boot_range *ranges, uint32_t *count, uint32_t at)
{
    for (uint32_t i = at; i + 1 < *count; i++) {
        ranges[i] = ranges[i + 1];
    }
    (*count)--;
}

static void range_insert(struct boot_range *ranges, uint32_t *count, uint32_t at,
                         struct boot_range range)
{
    if (*count == BOOT_RANGES_MAX) {
        arch_panic("the memory map has too many pieces", __FILE__, __LINE__);
    }
    for (uint32_t i = *count; i > at; i--) {
        ranges[i] = ranges[i - 1];
    }
    ranges[at] = range;
    (*count)++;
}

/* Adds a range and melts it with those it overlaps or touches. */
static void range_add(struct boot_range *ranges, uint32_t *count, phys_t base, phys_t end)
{
    uint32_t at = 0;

    while (at < *count && ranges[at].base + ranges[at].size_bytes < base) {
        at++;
    }
    while (at < *count && ranges[at].base <= end) {
        phys_t other_end = ranges[at].base + ranges[at].size_bytes;

        base = ranges[at].base < base ? ranges[at].base : base;
        end = other_end > end ? other_end : end;
        range_remove(ranges, count, at);
    }
    range_insert(ranges, count, at, (struct boot_range){ base, end - base });
}

static void range_subtract(struct boot_range *ranges, uint32_t *count, phys_t base, phys_t end)
{
    for (uint32_t i = 0; i < *count; i++) {
        struct boot_range range = ranges[i];
        phys_t range_end = range.base + range.size_bytes;

        if (range_end <= base || range.base >= end) {
            continue;
        }
        range_remove(ranges, count, i);
        if (range_end > end) {
            range_insert(ranges, count, i, (struct boot_range){ end, range_end - end });
        }
        if (range.base < base) {
            range_insert(ranges, count, i, (struct boot_range){ range.base, base - range.base });
        } else {
            i--; /* what follows has moved here; wraps to 0 with the loop's step */
        }
    }
}

void boot_plan_add_ram(struct boot_plan *plan, phys_t base, uint64_t size_bytes)
{
    phys_t first = align_up(base, PAGE);
    phys_t end = (base + size_bytes) & ~(PAGE - 1);

    plan->ram_bytes += size_bytes;
    if (end <= first) {
        return;
    }
    range_add(plan->ram, &plan->ram_count, first, end);
    for (uint32_t i = 0; i < plan->held_count; i++) {
        range_subtract(plan->ram, &plan->ram_count, plan->held[i].base,
                       plan->held[i].base + plan->held[i].size_bytes);
    }
}

void boot_plan_hold(struct boot_plan *plan, phys_t base, uint64_t size_bytes)
{
    phys_t first = base & ~(PAGE - 1);
    phys_t end = align_up(base + size_bytes, PAGE);

    range_add(plan->held, &plan->held_count, first, end);
    range_subtract(plan->ram, &plan->ram_count, first, end);
}

/*
 * Bytes that a range offers for something that must end at or below a limit; place says where it
 * starts.
 */
static uint64_t range_room(const struct boot_range *range, uint64_t align_bytes, phys_t below,
                           phys_t *place)
{
    phys_t end = range->base + range->size_bytes;

    *place = align_up(range->base, align_bytes);
    end = end < below ? end : below;
    return end > *place ? end - *place : 0;
}

phys_t boot_plan_take(struct boot_plan *plan, uint64_t size_bytes, uint64_t align_bytes,
                      phys_t below)
{
    uint64_t most = 0;
    phys_t best = 0;
    phys_t place;

    for (uint32_t i = 0; i < plan->ram_count; i++) {
        uint64_t room = range_room(&plan->ram[i], align_bytes, below, &place);

        if (room > most) {
            most = room;
            best = place;
        }
    }
    if (most < size_bytes) {
        arch_panic("too little RAM to boot", __FILE__, __LINE__);
    }
    boot_plan_hold(plan, best, size_bytes);
    arch_memory_clear(arch_phys_to_ptr(best), align_up(size_bytes, PAGE));
    return best;
}
