/* SPDX-License-Identifier: MIT */
/* Page tables: walking them, taking tables for them, mapping. */
#include "mm/vspace.h"

#include <stddef.h>

#include "core/core.h"
#include "entry.h"
#include "object/io_space.h"

#define PAGE_BYTES 4096u

/* What is known where these stand, the level of a page above all, is not found out at run time. */
#define ALWAYS_INLINE inline __attribute__((always_inline))

void vspace_init(struct vspace *space)
{
    *space = (struct vspace){
        .root = arch_ptr_to_phys(vspace_root(space)),
        .end = ARCH_USER_END,
        .root_level = PTE_ROOT_LEVEL,
    };
    arch_vspace_root_init(vspace_root(space));
}

void vspace_init_io(struct vspace *space)
{
    uint32_t bits = arch_iommu_bits();

    *space = (struct vspace){
        .root = arch_ptr_to_phys(vspace_root(space)),
        .end = bits == 0 ? 0 : 1ull << bits,
        .root_level = (uint8_t)arch_iommu_root_level(),
        .is_io = true,
    };
    arch_iommu_publish(vspace_root(space), PAGE_BYTES);
}

bool vspace_range_is_good(const struct vspace *space, user_addr_t at, uint64_t size_bytes)
{
    if (at < PAGE_BYTES || at >= space->end || size_bytes > space->end - at) {
        return false;
    }
    return !space->is_io || at >= IO_HOLE_END || at + size_bytes <= IO_HOLE_START;
}

/* The entry of that level for an address, or the one nearest the root that is no table. */
static uint64_t *walk(struct vspace *space, user_addr_t at, uint32_t until, uint32_t *level)
{
    uint64_t *table = vspace_root(space);

    for (*level = space->root_level;; (*level)--) {
        uint64_t *entry = &table[pte_index(at, *level)];

        if (*level == until || !entry_is_present(space, *entry) ||
            entry_is_page(space, *entry, *level)) {
            return entry;
        }
        table = arch_phys_to_ptr(entry_phys(space, *entry));
    }
}

/* The same for pages of 4 KiB of programs, which most are: nothing of it is found out at run time. */
static ALWAYS_INLINE uint64_t *walk_quick(struct vspace *space, user_addr_t at, uint32_t *level)
{
    uint64_t *table = vspace_root(space);

#pragma GCC unroll 4
    for (uint32_t depth = PTE_ROOT_LEVEL; depth > 0; depth--) {
        uint64_t *entry = &table[pte_index(at, depth)];

        if (!pte_is_present(*entry) || pte_is_page(*entry, depth)) {
            *level = depth;
            return entry;
        }
        table = arch_phys_to_ptr(pte_phys(*entry));
    }
    *level = 0;
    return &table[pte_index(at, 0)];
}

uint64_t *vspace_find(struct vspace *space, user_addr_t at, uint32_t *level)
{
    return space->is_io ? walk(space, at, 0, level) : walk_quick(space, at, level);
}

/* Makes the tables that lack on the way to an entry. */
static __attribute__((noinline)) err_t tables_make(struct vspace *space, user_addr_t at,
                                                   uint32_t level, uint64_t **entry)
{
    for (;;) {
        uint32_t depth;
        phys_t table;

        *entry = walk(space, at, level, &depth);
        if (depth == level) {
            return ERR_OK;
        }
        if (entry_is_present(space, **entry)) {
            return ERR_ALREADY_MAPPED;
        }
        if (!vspace_table_take(space, &table)) {
            return ERR_NO_MEMORY;
        }
        arch_memory_clear(arch_phys_to_ptr(table), PAGE_BYTES);
        if (space->is_io) {
            arch_iommu_publish(arch_phys_to_ptr(table), PAGE_BYTES);
        }
        entry_set(space, *entry, space->is_io ? io_pte_table(table) : pte_table(table));
    }
}

err_t vspace_entry_make(struct vspace *space, user_addr_t at, uint32_t level, uint64_t **entry)
{
    uint32_t depth;

    if (level == 0 && !space->is_io) {
        *entry = walk_quick(space, at, &depth);
        if (depth == 0) {
            return ERR_OK;
        }
    }
    return tables_make(space, at, level, entry);
}

/* May the core have the space loaded? If it is not known who was entered last, anything may be. */
static bool is_loaded(const struct core *core, const struct vspace *space)
{
    return core->entered == NULL || core->entered->space == space || core->entered->space == NULL;
}

void vspace_flush(struct core *core, struct vspace *space, user_addr_t at)
{
    if (space->is_io) {
        space->must_flush = true;
        return;
    }
    if (is_loaded(core, space)) {
        arch_tlb_flush_page(at);
    }
    for (uint32_t i = 0; ARCH_CORES > 1 && i < core->machine->core_count; i++) {
        struct core *other = core->machine->cores[i];

        if (other != core && is_loaded(other, space)) {
            arch_core_flush_page(other, at);
        }
    }
}

void vspace_flush_all(struct core *core, struct vspace *space)
{
    if (space->is_io) {
        space->must_flush = true;
        return;
    }
    arch_tlb_flush_all();
    for (uint32_t i = 0; ARCH_CORES > 1 && i < core->machine->core_count; i++) {
        struct core *other = core->machine->cores[i];

        if (other != core && is_loaded(other, space)) {
            arch_core_flush_all(other);
        }
    }
}

/* Units take long to answer: one flush for all that a call removed. */
void vspace_sync(struct vspace *space)
{
    uint32_t domain = space->is_io ? io_space_of(space)->domain : 0;

    if (space->must_flush && domain != 0) {
        arch_iommu_flush(domain);
    }
    space->must_flush = false;
}

/* Without what is checked in map_pages(); page and flags are of the first. Returns how many; err says why not more. */
static ALWAYS_INLINE uint32_t map_some(struct vspace *space, uint32_t level, bool is_io,
                                       const struct mapping *mapping, uint32_t count, phys_t page,
                                       uint64_t flags, err_t *err)
{
    uint64_t span = pte_span(level);
    user_addr_t at = mapping->at;
    uint32_t done = 0;

    for (;;) {
        uint32_t depth = PTE_LEVELS;
        uint64_t *entry = level == 0 && !is_io ? walk_quick(space, at, &depth) : NULL;

        if (depth != 0) {
            uint64_t *made;

            *err = tables_make(space, at, level, &made);
            if (*err) {
                return done;
            }
            entry = made;
        }
        do {
            if (is_io ? io_pte_is_present(*entry) : pte_is_present(*entry)) {
                *err = ERR_ALREADY_MAPPED;
                return done;
            }
            if (is_io) {
                entry_set(space, entry, io_pte_page(page, level, mapping->prot));
            } else {
                *entry = page | flags;
            }
            entry++;
            page += span;
            at += span;
            done++;
            if (done == count) {
                return done;
            }
        } while (pte_index(at, level) != 0);
    }
}

static ALWAYS_INLINE err_t map_pages(struct vspace *space, struct cap *frame, uint32_t level,
                                     bool is_io, const struct mapping *mapping, uint32_t *done)
{
    const struct memory_run *run = &frame->run;
    uint64_t span = pte_span(level);
    uint32_t may = frame->rights & (RIGHT_READ | RIGHT_WRITE | RIGHT_EXEC);
    uint32_t prot = mapping->prot | PROT_READ;
    uint32_t count = mapping->count < VSPACE_MAP_MAX ? mapping->count : VSPACE_MAP_MAX;
    err_t err;

    if (((uint64_t)mapping->first + mapping->count) * span > run->size_bytes ||
        mapping->at % span != 0 || !vspace_range_is_good(space, mapping->at, count * span)) {
        return ERR_RANGE;
    }
    if ((prot & ~may) != 0 || (prot & (PROT_WRITE | PROT_EXEC)) == (PROT_WRITE | PROT_EXEC)) {
        return ERR_NO_RIGHT;
    }
    bool was_attached = run->space != NULL;

    err = run->space == space && !run->is_leaving ? ERR_OK : vspace_attach_frame(space, frame);
    if (err) {
        return err;
    }
    *done = map_some(space, level, is_io, mapping, count, run->base + mapping->first * span,
                     pte_page(0, level, prot, may, run->cache), &err);
    if (*done == 0) {
        if (!was_attached) {
            vspace_run_release(frame);
        }
        return err;
    }
    vspace_frame_covers(frame, mapping->at, *done * span);
    return ERR_OK;
}

err_t vspace_map_pages(struct vspace *space, struct cap *frame, const struct mapping *mapping,
                       uint32_t *done)
{
    uint32_t level = frame->run.page_class;

    return level == 0 && !space->is_io
               ? map_pages(space, frame, 0, false, mapping, done)
               : map_pages(space, frame, level, space->is_io, mapping, done);
}
