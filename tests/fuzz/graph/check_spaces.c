/* SPDX-License-Identifier: MIT */
/*
 * Address spaces: the lists of attached runs, and every entry of the page tables against them: a table
 * lies in an attached run of tables and is used once, a page in an attached run of frames, in the
 * range that its capability remembers, with no more rights than that capability has.
 */
#include "check.h"

#include "arch/iommu.h"

enum { PAGE_BYTES = 4096, ATTACHED = 3000, TABLE_IN_USE = 4000 };

/* Runs of tables stand in two lists: those that have some to give, and the rest. */
static const struct cap *first_tables(const struct vspace *space)
{
    return space->tables != NULL ? space->tables : space->spent;
}

static bool list_has(const struct cap *list, const struct cap *cap)
{
    while (list != NULL && list != cap) {
        list = list->run.attached_next;
    }
    return list != NULL;
}

static const struct cap *next_tables(const struct vspace *space, const struct cap *cap)
{
    if (cap->run.attached_next != NULL) {
        return cap->run.attached_next;
    }
    return list_has(space->spent, cap) ? NULL : space->spent;
}

struct space_walk {
    struct view *view;
    struct vspace *space;
    uint32_t tables;
};

static bool check_list(struct space_walk *walk, struct cap *first, enum object_type type,
                       uint32_t *count)
{
    const struct cap *previous = NULL;

    for (struct cap *cap = first; cap != NULL; cap = cap->run.attached_next) {
        if (view_get(walk->view, cap) == NULL || cap->type != (uint8_t)type ||
            cap->run.space != walk->space || cap->run.attached_previous != previous) {
            return view_fail(walk->view, "the list of %s attached to %s is broken",
                             type == OBJECT_FRAME ? "frames" : "tables",
                             view_name(walk->view, walk->space));
        }
        /* The byte after a capability's first: marked as attached, once. */
        if (!view_put(walk->view, (uint8_t *)cap + 1, ATTACHED, walk->space)) {
            return view_fail(walk->view, "a run is attached twice");
        }
        (*count)++;
        previous = cap;
    }
    return true;
}

/* What an entry is, in the words of the kind of its space. */
static bool is_present(const struct space_walk *walk, uint64_t pte)
{
    return walk->space->is_io ? io_pte_is_present(pte) : pte_is_present(pte);
}

static bool is_page(const struct space_walk *walk, uint64_t pte, uint32_t level)
{
    return walk->space->is_io ? !io_pte_is_table(pte, level) : !pte_is_table(pte, level);
}

static phys_t phys_of(const struct space_walk *walk, uint64_t pte)
{
    return walk->space->is_io ? io_pte_phys(pte) : pte_phys(pte);
}

static uint32_t may_of(const struct space_walk *walk, uint64_t pte)
{
    if (walk->space->is_io) {
        return PTE_PROT_READ | (io_pte_may_write(pte) ? PTE_PROT_WRITE : 0);
    }
    return pte_may(pte);
}

static bool page_is_allowed(const struct space_walk *walk, uint64_t pte, user_addr_t at,
                            uint32_t level)
{
    uint32_t may = may_of(walk, pte);

    for (const struct cap *cap = walk->space->frames; cap != NULL; cap = cap->run.attached_next) {
        const struct memory_run *run = &cap->run;
        phys_t offset = phys_of(walk, pte) - run->base;

        if (offset < run->size_bytes && run->page_class == level && offset % pte_span(level) == 0 &&
            at >= run->low && at + pte_span(level) <= run->high &&
            (may & ~(uint32_t)cap->rights) == 0 && (!walk->space->is_io || !run->is_device)) {
            return true;
        }
    }
    return false;
}

static bool check_page(const struct space_walk *walk, uint64_t pte, user_addr_t at, uint32_t level)
{
    uint32_t may = may_of(walk, pte);

    if (!page_is_allowed(walk, pte, at, level)) {
        return view_fail(walk->view, "%s maps a page at %#llx (%#llx) that no attached run covers",
                         view_name(walk->view, walk->space), (unsigned long long)at,
                         (unsigned long long)pte);
    }
    if (walk->space->is_io) {
        return true;
    }
    if (((pte & PTE_WRITE) != 0 && (may & PTE_PROT_WRITE) == 0) ||
        ((pte & PTE_EXEC) != 0 && (may & PTE_PROT_EXEC) == 0) ||
        ((pte & PTE_WRITE) != 0 && (pte & PTE_EXEC) != 0)) {
        return view_fail(walk->view, "%s allows too much at %#llx (%#llx)",
                         view_name(walk->view, walk->space), (unsigned long long)at,
                         (unsigned long long)pte);
    }
    return true;
}

/* Its run was made for an address in the bytes that the table is for. */
static bool table_is_attached(const struct space_walk *walk, phys_t table, user_addr_t at,
                              uint64_t span)
{
    for (const struct cap *cap = first_tables(walk->space); cap != NULL;
         cap = next_tables(walk->space, cap)) {
        phys_t offset = table - cap->run.base;
        uint64_t used = (uint64_t)cap->run.used_count * PAGE_BYTES;

        if (offset < cap->run.size_bytes && offset % PAGE_BYTES == 0) {
            return offset < used && at + span > cap->run.low && at < cap->run.high;
        }
    }
    return false;
}

static bool check_table(struct space_walk *walk, const uint64_t *table, uint32_t level,
                        user_addr_t base);

static bool check_entry(struct space_walk *walk, uint64_t pte, uint32_t level, user_addr_t at)
{
    if (!is_present(walk, pte)) {
        return view_fail(walk->view, "an absent entry of %s at %#llx is not zero",
                         view_name(walk->view, walk->space), (unsigned long long)at);
    }
    if (is_page(walk, pte, level)) {
        return check_page(walk, pte, at, level);
    }
    walk->tables++;
    if (!table_is_attached(walk, phys_of(walk, pte), at, pte_span(level))) {
        return view_fail(walk->view, "%s uses a page table at %#llx that is in no attached run",
                         view_name(walk->view, walk->space), (unsigned long long)at);
    }
    const uint64_t *table = arch_phys_to_ptr(phys_of(walk, pte));

    return (view_put(walk->view, table, TABLE_IN_USE, walk->space) ||
            view_fail(walk->view, "%s uses a page table twice",
                      view_name(walk->view, walk->space))) &&
           check_table(walk, table, level - 1, at);
}

static bool check_table(struct space_walk *walk, const uint64_t *table, uint32_t level,
                        user_addr_t base)
{
    uint32_t end =
        level == PTE_ROOT_LEVEL && !walk->space->is_io ? PTE_USER_IN_ROOT : PTE_PER_TABLE;

    for (uint32_t i = 0; i < end; i += 8) {
        const uint64_t *few = &table[i];

        if ((few[0] | few[1] | few[2] | few[3] | few[4] | few[5] | few[6] | few[7]) == 0) {
            continue;
        }
        for (uint32_t j = i; j < i + 8; j++) {
            if (table[j] != 0 && !check_entry(walk, table[j], level, base + j * pte_span(level))) {
                return false;
            }
        }
    }
    return true;
}

static bool check_space(struct view *view, struct vspace *space)
{
    struct space_walk walk = { view, space, 0 };
    uint32_t frames = 0;
    uint32_t runs = 0;
    uint32_t used = 0;
    uint32_t wide = 0;

    if (!check_list(&walk, space->frames, OBJECT_FRAME, &frames) ||
        !check_list(&walk, space->tables, OBJECT_PAGE_TABLE, &runs) ||
        !check_list(&walk, space->spent, OBJECT_PAGE_TABLE, &runs)) {
        return false;
    }
    for (const struct cap *cap = first_tables(space); cap != NULL; cap = next_tables(space, cap)) {
        bool is_spent =
            cap->run.is_leaving || cap->run.used_count >= cap->run.size_bytes / PAGE_BYTES;

        if (is_spent != list_has(space->spent, cap)) {
            return view_fail(view, "a run of tables is in the wrong list");
        }
        if (cap->run.used_count > cap->run.size_bytes / PAGE_BYTES) {
            return view_fail(view, "a run has more tables in use than it has");
        }
        used += cap->run.used_count;
    }
    if (frames != space->frame_runs || used != space->tables_used) {
        return view_fail(view, "%s counts %u runs and %u tables, but has %u and %u",
                         view_name(view, space), space->frame_runs, space->tables_used, frames,
                         used);
    }
    for (const struct cap *cap = space->frames; cap != NULL; cap = cap->run.attached_next) {
        const struct memory_run *run = &cap->run;

        if (!run->is_wide && run->high > run->low && !run->is_leaving &&
            (run->high - run->low) / pte_span(run->page_class) > 2ull * run->used_count + 64) {
            return view_fail(view, "a run's pages lie too far apart");
        }
        wide += run->is_wide;
    }
    if (wide != space->wide_runs || wide > VSPACE_WIDE_MAX) {
        return view_fail(view, "%s counts %u wide runs, but has %u", view_name(view, space),
                         space->wide_runs, wide);
    }
    if (space->root != arch_ptr_to_phys(vspace_root(space))) {
        return view_fail(view, "%s has another root", view_name(view, space));
    }
    for (uint32_t i = 0; i < PTE_USER_IN_ROOT && !space->is_io; i++) {
        if (vspace_root(space)[i] != vspace_root(space)[PTE_PER_TABLE + i]) {
            return view_fail(view, "%s: user mode's root has another entry %u",
                             view_name(view, space), i);
        }
    }
    if (!check_table(&walk, vspace_root(space), space->root_level, 0)) {
        return false;
    }
    return walk.tables <= used || view_fail(view, "%s has %u tables in use, but counts %u",
                                            view_name(view, space), walk.tables, used);
}

/* A run may be attached only where its space knows of it; the buffer of a thread is not attached. */
static bool check_attached(struct view *view, struct cap *cap)
{
    const struct view_entry *entry = view_get(view, (uint8_t *)cap + 1);
    const void *space = entry != NULL && entry->value == ATTACHED ? entry->owner : NULL;

    return cap->run.space == space ||
           view_fail(view, "%s is attached to a space that does not list it", view_name(view, cap));
}

bool check_spaces(struct view *view)
{
    VIEW_EACH(view, OBJECT_VSPACE, found)
    {
        const struct vspace *space = found->object;

        if (!check_space(view, found->object)) {
            return false;
        }
        if (space->must_flush) {
            return view_fail(view, "%s has something removed that others may remember",
                             view_name(view, space));
        }
    }
    VIEW_EACH(view, OBJECT_IO_SPACE, found)
    {
        struct io_space *io = found->object;

        if (!io->space.is_io || io->space.must_flush || !check_space(view, &io->space)) {
            return view_fail(view, "%s is not a space of devices", view_name(view, io));
        }
    }
    for (uint32_t i = 0; i < view->cap_count; i++) {
        struct cap *cap = view->caps[i];

        if ((cap->type == OBJECT_FRAME || cap->type == OBJECT_PAGE_TABLE) &&
            !check_attached(view, cap)) {
            return false;
        }
    }
    return true;
}
