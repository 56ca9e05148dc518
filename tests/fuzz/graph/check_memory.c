/* SPDX-License-Identifier: MIT */
/*
 * Memory: every object lies in the used part of the untyped memory it was made from, no two overlap, and
 * what is marked as zeroed is zero. Under the address sanitizer, memory without an object is poisoned.
 */
#include "check.h"

#include <stdlib.h>

#include "arch_host/machine.h"
#include "arch_host/root.h"

enum { RANGES_MAX = VIEW_OBJECTS_MAX, PAGE_BYTES = 4096 };

struct range {
    phys_t base;
    uint64_t size_bytes;
};

struct ranges {
    uint32_t count;
    struct range at[RANGES_MAX];
};

uint64_t check_object_bytes(const struct cap *original)
{
    switch (original->type) {
    case OBJECT_VSPACE:
        return VSPACE_BYTES;
    case OBJECT_CAP_TABLE:
        return CAP_TABLE_BYTES(((const struct cap_table *)original->object)->slot_count);
    case OBJECT_THREAD:
        return sizeof(struct thread);
    case OBJECT_SCHED_CONTEXT:
        return sizeof(struct sched_context);
    case OBJECT_ENDPOINT:
        return sizeof(struct endpoint);
    case OBJECT_REPLY:
        return sizeof(struct reply);
    case OBJECT_NOTIFICATION:
        return sizeof(struct notification);
    case OBJECT_TIMER:
        return sizeof(struct timer);
    case OBJECT_IRQ:
        return sizeof(struct irq);
    case OBJECT_IO_PORT:
        return sizeof(struct io_port);
    case OBJECT_IO_SPACE:
        return IO_SPACE_BYTES;
    default:
        return 0;
    }
}

static const struct view_object *object_of(const struct view *view, const struct cap *original)
{
    const struct view_entry *entry = view_get(view, (const uint8_t *)original + 2);

    return entry == NULL ? NULL : &view->objects[entry->value];
}

static bool check_untyped(struct view *view, const struct cap *untyped)
{
    const struct memory_run *run = &untyped->run;

    if (run->base % PAGE_BYTES != 0 || run->size_bytes % PAGE_BYTES != 0 || run->size_bytes == 0) {
        return view_fail(view, "%s is not made of pages", view_name(view, untyped));
    }
    if (run->used_bytes > run->size_bytes || run->zeroed_bytes > run->size_bytes) {
        return view_fail(view, "%s uses more than it has", view_name(view, untyped));
    }
    for (const struct cap *child = untyped->first_child; child != NULL; child = child->next) {
        const struct view_object *object = object_of(view, child);

        if (object == NULL || object->base < run->base ||
            object->base + object->size_bytes > run->base + run->used_bytes) {
            return view_fail(view, "%s does not lie in the used part of %s", view_name(view, child),
                             view_name(view, untyped));
        }
        if (cap_is_memory(child) ? child->run.is_device != run->is_device : run->is_device) {
            return view_fail(view, "%s was made from the wrong kind of memory",
                             view_name(view, child));
        }
    }
    return true;
}

static int by_base(const void *left, const void *right)
{
    const struct range *a = left;
    const struct range *b = right;

    return a->base < b->base ? -1 : a->base > b->base;
}

static bool collect(struct view *view, struct ranges *ranges)
{
    ranges->count = 0;
    for (uint32_t i = 0; i < view->object_count; i++) {
        const struct view_object *object = &view->objects[i];

        if (object->type == OBJECT_UNTYPED || object->type == OBJECT_MACHINE) {
            continue;
        }
        if (object->type != OBJECT_FRAME && !host_is_ram(object->base, object->size_bytes)) {
            return view_fail(view, "%s does not lie in memory", view_name(view, object->original));
        }
        ranges->at[ranges->count++] = (struct range){ object->base, object->size_bytes };
    }
    qsort(ranges->at, ranges->count, sizeof(ranges->at[0]), by_base);
    for (uint32_t i = 1; i < ranges->count; i++) {
        if (ranges->at[i - 1].base + ranges->at[i - 1].size_bytes > ranges->at[i].base) {
            return view_fail(view, "two objects overlap at %#llx",
                             (unsigned long long)ranges->at[i].base);
        }
    }
    return true;
}

/* Page tables that are in no space belong to nobody yet, but are part of a live run. */
static bool poison_the_rest(struct view *view, const struct ranges *ranges)
{
    static struct ranges before;
    phys_t end = HOST_RAM_BASE;

    if (before.count == ranges->count) {
        uint32_t same = 0;

        while (same < before.count && before.at[same].base == ranges->at[same].base &&
               before.at[same].size_bytes == ranges->at[same].size_bytes) {
            same++;
        }
        if (same == before.count) {
            return true; /* nothing was made or destroyed */
        }
    }
    before = *ranges;
    for (uint32_t i = 0; i <= ranges->count; i++) {
        phys_t base = i < ranges->count ? ranges->at[i].base : HOST_RAM_BASE + host_ram_bytes();

        if (base > HOST_RAM_BASE + host_ram_bytes()) {
            base = HOST_RAM_BASE + host_ram_bytes();
        }
        if (base > end) {
            host_memory_poison(end, base - end);
        }
        if (i < ranges->count) {
            end = ranges->at[i].base + ranges->at[i].size_bytes;
        }
    }
    VIEW_EACH(view, OBJECT_UNTYPED, found)
    {
        const struct memory_run *run = &found->original->run;

        if (!run->is_device && run->zeroed_bytes > run->used_bytes) {
            host_memory_unpoison(run->base + run->used_bytes, run->zeroed_bytes - run->used_bytes);
        }
    }
    return true;
}

static bool check_zeroed(struct view *view, const struct cap *untyped)
{
    const struct memory_run *run = &untyped->run;

    if (run->is_device || run->zeroed_bytes <= run->used_bytes) {
        return true;
    }
    host_memory_unpoison(run->base + run->used_bytes, run->zeroed_bytes - run->used_bytes);
    const uint64_t *words = arch_phys_to_ptr(run->base);

    for (uint64_t i = run->used_bytes / 8; i < run->zeroed_bytes / 8; i++) {
        if (words[i] != 0) {
            return view_fail(view, "%s says that byte %llu is zero, but it is not",
                             view_name(view, untyped), (unsigned long long)i * 8);
        }
    }
    return true;
}

bool check_memory(struct view *view)
{
    static struct ranges ranges;

    VIEW_EACH(view, OBJECT_UNTYPED, found)
    {
        if (!check_untyped(view, found->original) || !check_zeroed(view, found->original)) {
            return false;
        }
    }
    return collect(view, &ranges) && poison_the_rest(view, &ranges);
}
