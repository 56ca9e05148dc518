/* SPDX-License-Identifier: MIT */
/* The methods of address spaces, frames and page tables (abi/idl/kernel.idl). */
#include <stddef.h>

#include "core/alone.h"
#include "core/core.h"
#include "entry.h"
#include "kernel_gen/methods.h"
#include "mm/vspace.h"

#define PAGE_BYTES 4096u

static struct vspace *space_of(const struct cap *cap)
{
    return cap->object;
}

/* Count is at most 64, so it cannot wrap. */
static bool range_is_bad(user_addr_t at, uint32_t count)
{
    return at % PAGE_BYTES != 0 ||
           at - PAGE_BYTES > ARCH_USER_END - PAGE_BYTES - (uint64_t)count * PAGE_BYTES;
}

err_t vspace_on_add_tables(struct invocation *inv, const struct vspace_add_tables_args *args)
{
    return vspace_attach(space_of(inv->target), args->tables);
}

err_t vspace_on_map(struct invocation *inv, const struct vspace_map_args *args,
                    struct vspace_map_results *results)
{
    struct mapping mapping = { args->first, args->count, args->at, args->prot };

    return vspace_map_pages(space_of(inv->target), args->frame, &mapping, &results->done);
}

err_t vspace_on_unmap(struct invocation *inv, const struct vspace_unmap_args *args)
{
    return vspace_unmap(inv->core, space_of(inv->target), args->at, args->count);
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

    if (range_is_bad(at, args->count)) {
        return ERR_RANGE;
    }
    user_addr_t end = at + (uint64_t)args->count * PAGE_BYTES;
    uint64_t *entry = NULL;
    uint32_t level;
    err_t err = ERR_OK;

    results->done = 0;
    while (at < end) {
        entry = vspace_find_next(space, at, entry, &level);
        err = protect_refusal(*entry, args->prot);
        if (err) {
            break;
        }
        pte_protect(entry, args->prot);
        results->done++;
        at += pte_span(level) - at % pte_span(level);
    }
    if (results->done == 0) {
        return err;
    }
    vspace_forget(inv->core, space, args->at, results->done);
    vspace_sync(inv->core, space);
    return ERR_OK;
}

struct sharing {
    uint64_t minus_base; /* of the run: one instruction less than to subtract it */
    uint64_t size_bytes;
    uint64_t first;  /* an entry for the first page of the run */
    uint64_t seen;   /* all bits of the entries that were there */
    uint32_t others; /* places without a page of the run */
};

/* Where in the run the page lies; elsewhere, and where there is none (its entry is 0, and no run begins there), that is behind its end. */
static inline uint64_t offset_in(const struct sharing *run, uint64_t pte)
{
    return (pte + run->minus_base) & PTE_ADDRESS;
}

/* The place there is free, or here is no page of the run. */
static inline __attribute__((always_inline)) void share_one(struct sharing *run, uint64_t *from,
                                                            uint64_t *to)
{
    uint64_t pte = *from;
    uint64_t offset = offset_in(run, pte);

    if (__builtin_expect(offset >= run->size_bytes, 0)) {
        run->others++;
        return;
    }
    run->seen |= pte;
    pte_forbid(from, PTE_WRITE);
    *to = run->first + offset;
}

/* Entries of two tables. Returns how many places it went over: it stops where one is taken. */
static __attribute__((noinline)) uint32_t share_some(struct sharing *sharing, uint64_t *from,
                                                     uint64_t *to, uint32_t count)
{
    struct sharing run = *sharing; /* in registers */
    uint64_t i;

    for (i = 0; i + 4 <= count; i += 4) {
        if (pte_is_present(to[i] | to[i + 1] | to[i + 2] | to[i + 3])) {
            break;
        }
        share_one(&run, &from[i], &to[i]);
        share_one(&run, &from[i + 1], &to[i + 1]);
        share_one(&run, &from[i + 2], &to[i + 2]);
        share_one(&run, &from[i + 3], &to[i + 3]);
    }
    while (i < count && (!pte_is_present(to[i]) || offset_in(&run, from[i]) >= run.size_bytes)) {
        share_one(&run, &from[i], &to[i]);
        i++;
    }
    *sharing = run;
    return (uint32_t)i;
}

/* Returns how many places it went over; err says why not over more. */
static uint32_t share_all(struct sharing *sharing, struct vspace *space,
                          const struct vspace_share_args *args, err_t *err)
{
    uint32_t done = 0;

    while (done < args->count) {
        uint64_t offset = (uint64_t)done * PAGE_BYTES;
        uint32_t room = PTE_PER_TABLE - pte_index(args->from + offset, 0);
        uint32_t count = args->count - done < room ? args->count - done : room;
        uint32_t level;
        uint64_t *from = vspace_find(space_of(args->source), args->from + offset, &level);
        uint64_t *to;

        if (level != 0 || offset_in(sharing, *from) >= sharing->size_bytes) {
            count = level == 0 ? 1 : count;
            sharing->others += count;
            done += count;
            continue;
        }
        *err = vspace_entry_make(space, args->at + offset, &to);
        if (*err) {
            break;
        }
        room = PTE_PER_TABLE - pte_index(args->at + offset, 0);
        count = share_some(sharing, from, to, count < room ? count : room);
        if (count == 0) {
            *err = ERR_ALREADY_MAPPED;
            break;
        }
        done += count;
    }
    return done;
}

err_t vspace_on_share(struct invocation *inv, const struct vspace_share_args *args,
                      struct vspace_share_results *results)
{
    struct vspace *space = space_of(inv->target);
    struct vspace *source = space_of(args->source);
    const struct memory_run *run = &args->frame->run;
    struct sharing sharing = {
        .minus_base = 0 - run->base,
        .size_bytes = run->size_bytes,
        .first = pte_page(run->base, 0, PROT_READ, args->frame->rights, run->cache),
    };
    bool was_attached = run_space(args->frame) == space;
    err_t err;

    if (range_is_bad(args->at, args->count) || range_is_bad(args->from, args->count)) {
        return ERR_RANGE;
    }
    if (!(args->frame->rights & RIGHT_READ)) {
        return ERR_NO_RIGHT;
    }
    if (core_is_alone(inv->core) && !turn_lock(inv->core, &source->turn) &&
        !core_widen(inv->core)) {
        return KERNEL_RESTART;
    }
    err = vspace_frame_use(space, args->frame, args->at, args->count, PAGE_BYTES);
    if (err) {
        return err;
    }
    results->done = share_all(&sharing, space, args, &err);
    results->shared = results->done - sharing.others;
    if ((sharing.seen & PTE_WRITE) != 0) {
        vspace_forget(inv->core, source, args->from, args->count);
        vspace_sync(inv->core, source);
    }
    if (results->done != 0) {
        args->frame->run.used_count += results->shared;
        return ERR_OK;
    }
    if (!was_attached) {
        vspace_run_release(args->frame);
    }
    return err;
}

err_t vspace_on_harvest(struct invocation *inv, const struct vspace_harvest_args *args,
                        struct vspace_harvest_results *results)
{
    struct vspace *space = space_of(inv->target);

    if (range_is_bad(args->at, args->count)) {
        return ERR_RANGE;
    }
    uint64_t *entry = NULL;
    uint32_t level;

    results->accessed = 0;
    results->dirty = 0;
    for (uint32_t i = 0; i < args->count; i++) {
        entry = vspace_find_next(space, args->at + (uint64_t)i * PAGE_BYTES, entry, &level);
        if (level == 0 && pte_is_present(*entry)) {
            uint64_t marks = *entry & (PTE_ACCESSED | PTE_DIRTY);

            results->accessed |= (uint64_t)((marks & PTE_ACCESSED) != 0) << i;
            results->dirty |= (uint64_t)((marks & PTE_DIRTY) != 0) << i;
            pte_forbid(entry, marks); /* one that comes meanwhile stays, for the next time */
        }
    }
    if ((results->accessed | results->dirty) != 0) {
        vspace_forget(inv->core, space, args->at, args->count);
        vspace_sync(inv->core, space);
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
    return run_space(inv->target) == NULL ? ERR_OK : vspace_run_detach(inv->core, inv->target);
}

err_t page_table_on_info(struct invocation *inv, struct page_table_info_results *results)
{
    const struct memory_run *run = &inv->target->run;

    results->tables = (uint32_t)(run->size_bytes / PAGE_BYTES);
    results->free = results->tables - run->used_count;
    return ERR_OK;
}
