/* SPDX-License-Identifier: MIT */
#include "core/boot.h"
#include "core/core.h"

#include <stddef.h>

#define PAGE 4096ull

static uint64_t align_up(uint64_t value, uint64_t align)
{
    return (value + align - 1) & ~(align - 1);
}

struct range_list {
    struct boot_range *ranges;
    uint32_t *count;
    uint32_t max;
    struct boot_plan
        *plan; /* of RAM: of too many the smallest are held. Of what is held itself: NULL */
};

static struct range_list list_of_ram(struct boot_plan *plan)
{
    return (struct range_list){ plan->ram, &plan->ram_count, BOOT_RANGES_MAX, plan };
}

static void range_remove(const struct range_list *list, uint32_t at)
{
    for (uint32_t i = at; i + 1 < *list->count; i++) {
        list->ranges[i] = list->ranges[i + 1];
    }
    (*list->count)--;
}

static uint32_t range_smallest(const struct range_list *list)
{
    uint32_t smallest = 0;

    for (uint32_t i = 1; i < *list->count; i++) {
        if (list->ranges[i].size_bytes < list->ranges[smallest].size_bytes) {
            smallest = i;
        }
    }
    return smallest;
}

static void range_insert(const struct range_list *list, uint32_t at, struct boot_range range)
{
    if (*list->count == list->max) {
        uint32_t smallest = range_smallest(list);
        struct boot_range lost = list->ranges[smallest];

        if (list->plan == NULL) {
            arch_panic("the memory map has too many pieces", __FILE__, __LINE__);
        }
        if (lost.size_bytes >= range.size_bytes) {
            boot_plan_hold(list->plan, range.base, range.size_bytes);
            return;
        }
        range_remove(list, smallest);
        boot_plan_hold(list->plan, lost.base, lost.size_bytes);
        at -= smallest < at;
    }
    for (uint32_t i = *list->count; i > at; i--) {
        list->ranges[i] = list->ranges[i - 1];
    }
    list->ranges[at] = range;
    (*list->count)++;
}

/* Adds a range and melts it with those it overlaps or touches. */
static void range_add(const struct range_list *list, phys_t base, phys_t end)
{
    uint32_t at = 0;

    while (at < *list->count && list->ranges[at].base + list->ranges[at].size_bytes < base) {
        at++;
    }
    while (at < *list->count && list->ranges[at].base <= end) {
        phys_t other_end = list->ranges[at].base + list->ranges[at].size_bytes;

        base = list->ranges[at].base < base ? list->ranges[at].base : base;
        end = other_end > end ? other_end : end;
        range_remove(list, at);
    }
    range_insert(list, at, (struct boot_range){ base, end - base });
}

static void range_subtract(const struct range_list *list, phys_t base, phys_t end)
{
    for (uint32_t i = 0; i < *list->count; i++) {
        struct boot_range *range = &list->ranges[i];
        phys_t range_end = range->base + range->size_bytes;

        if (range_end <= base || range->base >= end) {
            continue;
        }
        if (range->base < base) {
            range->size_bytes = base - range->base;
            if (range_end > end) {
                range_insert(list, i + 1, (struct boot_range){ end, range_end - end });
                return; /* no other can reach in between */
            }
        } else if (range_end > end) {
            *range = (struct boot_range){ end, range_end - end };
        } else {
            range_remove(list, i);
            i--; /* what follows has moved here; wraps to 0 with the loop's step */
        }
    }
}

void boot_plan_add_ram(struct boot_plan *plan, phys_t base, uint64_t size_bytes)
{
    struct range_list ram = list_of_ram(plan);
    phys_t first = align_up(base, PAGE);
    phys_t end = (base + size_bytes) & ~(PAGE - 1);

    plan->ram_bytes += size_bytes;
    if (end <= first) {
        return;
    }
    range_add(&ram, first, end);
    for (uint32_t i = 0; i < plan->held_count; i++) {
        range_subtract(&ram, plan->held[i].base, plan->held[i].base + plan->held[i].size_bytes);
    }
}

void boot_plan_hold(struct boot_plan *plan, phys_t base, uint64_t size_bytes)
{
    struct range_list ram = list_of_ram(plan);
    struct range_list held = { plan->held, &plan->held_count, BOOT_HELD_MAX, NULL };
    phys_t first = base & ~(PAGE - 1);
    phys_t end = align_up(base + size_bytes, PAGE);

    range_add(&held, first, end);
    range_subtract(&ram, first, end);
}

void boot_plan_set_line(struct boot_plan *plan, const char *text, uint64_t max_bytes)
{
    uint64_t length = 0;

    while (length < BOOT_LINE_BYTES - 1 && length < max_bytes && text[length] != 0) {
        plan->command_line[length] = text[length];
        length++;
    }
    plan->command_line[length] = 0;
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

phys_t boot_plan_take(struct boot_plan *plan, uint64_t size_bytes, uint64_t align, phys_t below)
{
    uint64_t most = 0;
    phys_t best = 0;
    phys_t place;

    for (uint32_t i = 0; i < plan->ram_count; i++) {
        uint64_t room = range_room(&plan->ram[i], align, below, &place);

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

static bool is_held(const struct boot_plan *plan, phys_t base, uint64_t size_bytes)
{
    for (uint32_t i = 0; i < plan->held_count; i++) {
        const struct boot_range *held = &plan->held[i];

        if (base < held->base + held->size_bytes && held->base < base + size_bytes) {
            return true;
        }
    }
    return false;
}

void boot_plan_hold_archive(struct boot_plan *plan, phys_t below)
{
    phys_t from = plan->archive;
    uint64_t size_bytes = plan->archive_bytes;

    if (size_bytes == 0) {
        return;
    }
    bool must_move = is_held(plan, from, size_bytes);

    boot_plan_hold(plan, from, size_bytes);
    if (must_move) {
        plan->archive = boot_plan_take(plan, size_bytes, PAGE, below);
        arch_memory_copy_words(arch_phys_to_ptr(plan->archive), arch_phys_to_ptr(from),
                               (size_bytes + 7) / 8);
    }
}
