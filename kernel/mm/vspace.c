/* SPDX-License-Identifier: MIT */
/*
 * Page tables: walking them, taking tables for them, mapping.
 * Size: map_some() is a part of vspace_map_pages(), inline, and has what that found out in registers.
 */
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
    uint32_t bits = arch_iommu.bits;

    *space = (struct vspace){
        .root = arch_ptr_to_phys(vspace_root(space)),
        .end = bits == 0 ? 0 : 1ull << bits,
        .root_level = (uint8_t)arch_iommu.root_level,
        .is_io = true,
    };
}

bool vspace_range_is_good(const struct vspace *space, user_addr_t at, uint64_t size_bytes)
{
    if (at < PAGE_BYTES || at >= space->end || size_bytes > space->end - at) {
        return false;
    }
    return !space->is_io || at >= IO_HOLE_END || at + size_bytes <= IO_HOLE_START;
}

/*
 * The entry of that level for an address, or the one nearest the root that is no table. is_plain: of a page of 4 KiB of a program,
 * as most are; then nothing of it is found out at run time.
 */
static ALWAYS_INLINE uint64_t *walk(struct vspace *space, user_addr_t at, uint32_t until,
                                    uint32_t *level, bool is_plain)
{
    bool is_io = !is_plain && space->is_io;
    uint64_t *table = vspace_root(space);

    uint32_t depth;

#pragma GCC unroll 4
    for (depth = is_plain ? PTE_ROOT_LEVEL : space->root_level; depth > until; depth--) {
        uint64_t entry = table[pte_index(at, depth)];

        if (!entry_is_table(is_io, entry, depth)) {
            break;
        }
        table = arch_phys_to_ptr(entry_phys(is_io, entry));
    }
    *level = depth;
    return &table[pte_index(at, depth)];
}

uint64_t *vspace_find(struct vspace *space, user_addr_t at, uint32_t *level)
{
    return space->is_io ? walk(space, at, 0, level, false) : walk(space, at, 0, level, true);
}

/* Makes the tables that lack on the way to an entry. */
static __attribute__((noinline)) err_t tables_make(struct vspace *space, user_addr_t at,
                                                   uint32_t level, uint64_t **entry)
{
    for (;;) {
        uint32_t depth;
        phys_t table;

        *entry = walk(space, at, level, &depth, false);
        if (depth == level) {
            return ERR_OK;
        }
        if (entry_is_present(space->is_io, **entry)) {
            return ERR_ALREADY_MAPPED;
        }
        if (!vspace_table_take(space, at, &table)) {
            return ERR_NO_MEMORY;
        }
        arch_memory_clear(arch_phys_to_ptr(table), PAGE_BYTES);
        if (space->is_io) {
            arch_iommu_publish(arch_phys_to_ptr(table), PAGE_BYTES);
        }
        entry_link(space, *entry, depth, space->is_io ? io_pte_table(table) : pte_table(table));
    }
}

static ALWAYS_INLINE err_t entry_make(struct vspace *space, user_addr_t at, uint32_t level,
                                      uint64_t **entry, bool is_plain)
{
    uint32_t depth = PTE_LEVELS;

    *entry = is_plain ? walk(space, at, 0, &depth, true) : NULL;
    return depth == 0 ? ERR_OK : tables_make(space, at, level, entry);
}

err_t vspace_entry_make(struct vspace *space, user_addr_t at, uint64_t **entry)
{
    return entry_make(space, at, 0, entry, true);
}

/* May the core that runs have the space loaded? If it is not known who was entered last, anything may be. */
static bool is_loaded(const struct core *core, const struct vspace *space)
{
    return core->entered == NULL || core->entered->space == space || core->entered->space == NULL;
}

void vspace_forget(struct core *core, struct vspace *space, user_addr_t at, uint32_t count)
{
    turn_is_needed(&space->turn);
    space->must_flush = true;
    if (space->is_io) {
        return;
    }
    if (count != 1) {
        arch_tlb_flush_all();
    } else if (is_loaded(core, space)) {
        arch_tlb_flush_page(at);
    }
}

/* Units and other cores take long to answer: one flush for all that a call removed. */
void vspace_sync(struct core *core, struct vspace *space)
{
    if (!space->must_flush) {
        return;
    }
    space->must_flush = false;
    if (space->is_io && io_space_of(space)->domain != 0) {
        arch_iommu_flush(io_space_of(space)->domain);
    }
    if (ARCH_CORES > 1 && !space->is_io) {
        arch_flush_others(core, space->root);
    }
}

/* What is checked once for all. Errors: as vspace.map. */
static ALWAYS_INLINE err_t map_refusal(const struct vspace *space, const struct cap *frame,
                                       const struct mapping *mapping, uint32_t count, bool is_plain)
{
    const struct memory_run *run = &frame->run;
    uint64_t span = pte_span(is_plain ? 0 : run->page_class);
    uint32_t prot = mapping->prot | PROT_READ;

    if (((uint64_t)mapping->first + mapping->count) * span > run->size_bytes ||
        mapping->at % span != 0 || !vspace_range_is_good(space, mapping->at, count * span)) {
        return ERR_RANGE;
    }
    return (prot & ~(uint32_t)frame->rights) != 0 ||
                   (prot & (PROT_WRITE | PROT_EXEC)) == (PROT_WRITE | PROT_EXEC)
               ? ERR_NO_RIGHT
               : ERR_OK;
}

/* Returns how many; err says why not more. */
static ALWAYS_INLINE uint32_t map_some(struct vspace *space, const struct cap *frame,
                                       const struct mapping *mapping, uint32_t count, err_t *err,
                                       bool is_plain)
{
    const struct memory_run *run = &frame->run;
    uint32_t level = is_plain ? 0 : run->page_class;
    uint64_t span = pte_span(level);
    phys_t page = run->base + mapping->first * span;
    uint64_t flags = pte_page(0, level, mapping->prot | PROT_READ, frame->rights, run->cache);
    user_addr_t at = mapping->at;
    uint64_t *entry = NULL;
    uint32_t done;

    for (done = 0; done < count; done++, at += span, page += span, entry++) {
        if (done == 0 || pte_index(at, level) == 0) {
            uint64_t *made;

            *err = entry_make(space, at, level, &made, is_plain);
            if (*err) {
                return done;
            }
            entry = made;
        }
        if (entry_is_present(!is_plain && space->is_io, *entry)) {
            *err = ERR_ALREADY_MAPPED;
            return done;
        }
        if (is_plain) {
            *entry = page | flags;
        } else {
            entry_set(space, entry,
                      space->is_io ? io_pte_page(page, level, mapping->prot) : page | flags);
        }
    }
    return done;
}

static ALWAYS_INLINE err_t map_pages(struct vspace *space, struct cap *frame,
                                     const struct mapping *mapping, uint32_t *done, bool is_plain)
{
    bool was_attached = run_space(frame) == space;
    uint32_t max = !is_plain && space->is_io ? VSPACE_MAP_IO_MAX : VSPACE_MAP_MAX;
    uint32_t count = mapping->count < max ? mapping->count : max;
    err_t err = map_refusal(space, frame, mapping, count, is_plain);

    if (!err) {
        err = vspace_frame_use(space, frame, mapping->at, count,
                               pte_span(is_plain ? 0 : frame->run.page_class));
    }
    if (err) {
        return err;
    }
    *done = map_some(space, frame, mapping, count, &err, is_plain);
    if (*done != 0) {
        frame->run.used_count += *done;
        return ERR_OK;
    }
    if (!was_attached) {
        vspace_run_release(frame);
    }
    return err;
}

static __attribute__((noinline)) err_t map_any(struct vspace *space, struct cap *frame,
                                               const struct mapping *mapping, uint32_t *done)
{
    return map_pages(space, frame, mapping, done, false);
}

err_t vspace_map_pages(struct vspace *space, struct cap *frame, const struct mapping *mapping,
                       uint32_t *done)
{
    return frame->run.page_class == 0 && !space->is_io
               ? map_pages(space, frame, mapping, done, true)
               : map_any(space, frame, mapping, done);
}

err_t vspace_unmap(struct core *core, struct vspace *space, user_addr_t at, uint32_t count)
{
    user_addr_t end = at + (uint64_t)count * PAGE_BYTES;

    if (at % PAGE_BYTES != 0 || !vspace_range_is_good(space, at, end - at)) {
        return ERR_RANGE;
    }
    uint64_t *entry = NULL;
    uint32_t level;

    while (at < end) {
        entry = vspace_find_next(space, at, entry, &level);
        if (entry_is_present(space->is_io, *entry) && at % pte_span(level) == 0) {
            entry_set(space, entry, 0);
            vspace_forget(core, space, at, 1);
        }
        at += pte_span(level) - at % pte_span(level);
    }
    vspace_sync(core, space);
    return ERR_OK;
}
