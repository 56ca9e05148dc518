/* SPDX-License-Identifier: MIT */
/* The methods of address spaces, frames and page tables (abi/idl/kernel.idl). */
#include <stddef.h>

#include "core/core.h"
#include "kernel_gen/methods.h"
#include "mm/vspace.h"

#define PAGE_BYTES 4096u

static struct vspace *space_of(const struct cap *cap)
{
    return cap->object;
}

static bool range_is_bad(const struct vspace *space, user_addr_t at, uint32_t count)
{
    return at % PAGE_BYTES != 0 || !vspace_range_is_good(space, at, (uint64_t)count * PAGE_BYTES);
}

err_t vspace_on_add_tables(struct invocation *inv, const struct vspace_add_tables_args *args)
{
    return vspace_attach_tables(space_of(inv->target), args->tables);
}

err_t vspace_on_map(struct invocation *inv, const struct vspace_map_args *args,
                    struct vspace_map_results *results)
{
    struct mapping mapping = { args->first, args->count, args->at, args->prot };

    return vspace_map_pages(space_of(inv->target), args->frame, &mapping, &results->done);
}

err_t vspace_on_unmap(struct invocation *inv, const struct vspace_unmap_args *args)
{
    struct vspace *space = space_of(inv->target);
    user_addr_t at = args->at;

    if (range_is_bad(space, at, args->count)) {
        return ERR_RANGE;
    }
    user_addr_t end = at + (uint64_t)args->count * PAGE_BYTES;

    while (at < end) {
        uint32_t level;
        uint64_t *entry = vspace_find(space, at, &level);

        if (pte_is_present(*entry) && at % pte_span(level) == 0) {
            *entry = 0;
            vspace_flush(inv->core, space, at);
        }
        at += pte_span(level) - at % pte_span(level);
    }
    return ERR_OK;
}

static err_t protect_refusal(uint64_t pte, uint32_t prot)
{
    if (!pte_is_present(pte)) {
        return ERR_NOT_MAPPED;
    }
    if ((prot & ~pte_may(pte)) != 0 ||
        (prot & (PROT_WRITE | PROT_EXEC)) == (PROT_WRITE | PROT_EXEC)) {
        return ERR_NO_RIGHT;
    }
    return ERR_OK;
}

err_t vspace_on_protect(struct invocation *inv, const struct vspace_protect_args *args,
                        struct vspace_protect_results *results)
{
    struct vspace *space = space_of(inv->target);
    user_addr_t at = args->at;

    if (range_is_bad(space, at, args->count)) {
        return ERR_RANGE;
    }
    user_addr_t end = at + (uint64_t)args->count * PAGE_BYTES;

    results->done = 0;
    while (at < end) {
        uint32_t level;
        uint64_t *entry = vspace_find(space, at, &level);
        err_t err = protect_refusal(*entry, args->prot);

        if (err) {
            return results->done == 0 ? err : ERR_OK;
        }
        *entry = pte_protect(*entry, args->prot);
        vspace_flush(inv->core, space, at);
        results->done++;
        at += pte_span(level) - at % pte_span(level);
    }
    return ERR_OK;
}

/* One place of a range to share. Errors: ALREADY_MAPPED, NO_MEMORY. */
static err_t share_page(struct invocation *inv, const struct vspace_share_args *args,
                        uint64_t offset, uint32_t *shared)
{
    struct vspace *source = space_of(args->source);
    struct vspace *space = space_of(inv->target);
    const struct memory_run *run = &args->frame->run;
    uint32_t may = args->frame->rights & (RIGHT_READ | RIGHT_WRITE | RIGHT_EXEC);
    uint32_t level;
    uint64_t *from = vspace_find(source, args->from + offset, &level);
    uint64_t *to;
    err_t err;

    if (level != 0 || !pte_is_present(*from) || pte_phys(*from) - run->base >= run->size_bytes) {
        return ERR_OK;
    }
    err = vspace_entry_make(space, args->at + offset, 0, &to);
    if (err) {
        return err;
    }
    if (pte_is_present(*to)) {
        return ERR_ALREADY_MAPPED;
    }
    *from = pte_protect(*from, PROT_READ);
    vspace_flush(inv->core, source, args->from + offset);
    *to = pte_page(pte_phys(*from), 0, PROT_READ, may, run->cache);
    vspace_frame_covers(args->frame, args->at + offset, PAGE_BYTES);
    (*shared)++;
    return ERR_OK;
}

err_t vspace_on_share(struct invocation *inv, const struct vspace_share_args *args,
                      struct vspace_share_results *results)
{
    err_t err;

    if (range_is_bad(space_of(inv->target), args->at, args->count) ||
        range_is_bad(space_of(args->source), args->from, args->count)) {
        return ERR_RANGE;
    }
    if (!(args->frame->rights & RIGHT_READ)) {
        return ERR_NO_RIGHT;
    }
    bool was_attached = args->frame->run.space != NULL;

    err = vspace_attach_frame(space_of(inv->target), args->frame);
    if (err) {
        return err;
    }
    results->shared = 0;
    for (results->done = 0; results->done < args->count; results->done++) {
        err = share_page(inv, args, (uint64_t)results->done * PAGE_BYTES, &results->shared);
        if (err && results->done != 0) {
            return ERR_OK;
        }
        if (err) {
            if (!was_attached) {
                vspace_run_release(args->frame);
            }
            return err;
        }
    }
    return ERR_OK;
}

err_t vspace_on_harvest(struct invocation *inv, const struct vspace_harvest_args *args,
                        struct vspace_harvest_results *results)
{
    struct vspace *space = space_of(inv->target);

    if (range_is_bad(space, args->at, args->count)) {
        return ERR_RANGE;
    }
    results->accessed = 0;
    results->dirty = 0;
    for (uint32_t i = 0; i < args->count; i++) {
        user_addr_t at = args->at + (uint64_t)i * PAGE_BYTES;
        uint32_t level;
        uint64_t *entry = vspace_find(space, at, &level);

        if (level == 0 && pte_is_present(*entry)) {
            results->accessed |= (uint64_t)((*entry & PTE_ACCESSED) != 0) << i;
            results->dirty |= (uint64_t)((*entry & PTE_DIRTY) != 0) << i;
            *entry &= ~(PTE_ACCESSED | PTE_DIRTY);
            vspace_flush(inv->core, space, at);
        }
    }
    return ERR_OK;
}

err_t vspace_on_info(struct invocation *inv, struct vspace_info_results *results)
{
    results->attached = space_of(inv->target)->frame_runs;
    results->tables = space_of(inv->target)->tables_used;
    return ERR_OK;
}

err_t frame_on_info(struct invocation *inv, struct frame_info_results *results)
{
    const struct memory_run *run = &inv->target->run;

    results->base = run->base;
    results->pages = (uint32_t)(run->size_bytes / pte_span(run->page_class));
    results->class = run->page_class;
    results->cache = run->cache;
    return ERR_OK;
}

err_t frame_on_set_cache(struct invocation *inv, const struct frame_set_cache_args *args)
{
    struct memory_run *run = &inv->target->run;

    if (!run->is_device) {
        return ERR_WRONG_TYPE;
    }
    if (run->space != NULL) {
        return ERR_BUSY;
    }
    run->cache = (uint8_t)args->cache;
    return ERR_OK;
}

err_t frame_on_detach(struct invocation *inv)
{
    return inv->target->run.space == NULL ? ERR_OK : vspace_run_detach(inv->core, inv->target);
}

err_t page_table_on_info(struct invocation *inv, struct page_table_info_results *results)
{
    const struct memory_run *run = &inv->target->run;

    results->tables = (uint32_t)(run->size_bytes / PAGE_BYTES);
    results->free = results->tables - run->used_count;
    return ERR_OK;
}
