/* SPDX-License-Identifier: MIT */
/* Page tables: walking them, taking tables for them, mapping. */
#include "mm/vspace.h"

#include <stddef.h>

#include "core/core.h"
#include "entry.h"
#include "object/io_space.h"

#define PAGE_BYTES 4096u

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

uint64_t *vspace_find(struct vspace *space, user_addr_t at, uint32_t *level)
{
    uint64_t *table = vspace_root(space);

    for (uint32_t depth = space->root_level;; depth--) {
        uint64_t *entry = &table[pte_index(at, depth)];

        if (!entry_is_present(space, *entry) || entry_is_page(space, *entry, depth)) {
            *level = depth;
            return entry;
        }
        table = arch_phys_to_ptr(entry_phys(space, *entry));
    }
}

static err_t table_take(struct vspace *space, phys_t *taken)
{
    if (!vspace_table_take(space, taken)) {
        return ERR_NO_MEMORY;
    }
    arch_memory_clear(arch_phys_to_ptr(*taken), PAGE_BYTES);
    if (space->is_io) {
        arch_iommu_publish(arch_phys_to_ptr(*taken), PAGE_BYTES);
    }
    return ERR_OK;
}

err_t vspace_entry_make(struct vspace *space, user_addr_t at, uint32_t level, uint64_t **entry)
{
    uint64_t *table = vspace_root(space);

    for (uint32_t depth = space->root_level; depth > level; depth--) {
        uint64_t *link = &table[pte_index(at, depth)];

        if (!entry_is_present(space, *link)) {
            phys_t taken;
            err_t err = table_take(space, &taken);

            if (err) {
                return err;
            }
            entry_link(space, link, depth, space->is_io ? io_pte_table(taken) : pte_table(taken));
        } else if (entry_is_page(space, *link, depth)) {
            return ERR_ALREADY_MAPPED;
        }
        table = arch_phys_to_ptr(entry_phys(space, *link));
    }
    *entry = &table[pte_index(at, level)];
    return ERR_OK;
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

/* Without what is checked in vspace_map_pages(). Returns how many; err says why not more. */
static uint32_t map_some(struct vspace *space, const struct memory_run *run,
                         const struct mapping *mapping, uint64_t flags, err_t *err)
{
    uint32_t level = run->page_class;
    uint64_t span = pte_span(level);
    user_addr_t at = mapping->at;
    phys_t page = run->base + (uint64_t)mapping->first * span;
    uint64_t *entry = NULL;
    uint32_t done;

    for (done = 0; done < mapping->count; done++, at += span, page += span, entry++) {
        if (entry == NULL || pte_index(at, level) == 0) {
            *err = vspace_entry_make(space, at, level, &entry);
            if (*err) {
                return done;
            }
        }
        if (entry_is_present(space, *entry)) {
            *err = ERR_ALREADY_MAPPED;
            return done;
        }
        entry_set(space, entry,
                  space->is_io ? io_pte_page(page, level, mapping->prot) : page | flags);
    }
    return done;
}

err_t vspace_map_pages(struct vspace *space, struct cap *frame, const struct mapping *mapping,
                       uint32_t *done)
{
    struct memory_run *run = &frame->run;
    uint64_t span = pte_span(run->page_class);
    uint32_t may = frame->rights & (RIGHT_READ | RIGHT_WRITE | RIGHT_EXEC);
    uint32_t prot = mapping->prot | PROT_READ;
    err_t err;

    if (((uint64_t)mapping->first + mapping->count) * span > run->size_bytes ||
        mapping->at % span != 0 ||
        !vspace_range_is_good(space, mapping->at, mapping->count * span)) {
        return ERR_RANGE;
    }
    if ((prot & ~may) != 0 || (prot & (PROT_WRITE | PROT_EXEC)) == (PROT_WRITE | PROT_EXEC)) {
        return ERR_NO_RIGHT;
    }
    bool was_attached = run->space != NULL;

    err = vspace_attach_frame(space, frame);
    if (err) {
        return err;
    }
    *done =
        map_some(space, run, mapping, pte_page(0, run->page_class, prot, may, run->cache), &err);
    if (*done == 0) {
        if (!was_attached) {
            vspace_run_release(frame);
        }
        return err;
    }
    vspace_frame_covers(frame, mapping->at, *done * span);
    return ERR_OK;
}
