/* SPDX-License-Identifier: MIT */
/* The runs attached to a space: lists, and removing every trace of a run from the page tables. */
#include <stddef.h>

#include "core/core.h"
#include "entry.h"
#include "mm/vspace.h"

/* So many places of a table, or runs, are looked at between two preemption points. */
#define SCAN_PLACES 32u
#define PAGE_BYTES 4096u
#define TABLES_NEAR pte_span(2) /* 1 GiB: at most two tables to look through */

/* A run of tables that has none to give: used up, or being detached. */
static bool is_spent(const struct memory_run *run)
{
    return run->is_leaving || (uint64_t)run->used_count * PAGE_BYTES >= run->size_bytes;
}

static struct cap **list_of(struct vspace *space, const struct cap *run)
{
    if (run->type == OBJECT_FRAME) {
        return &space->frames;
    }
    return is_spent(&run->run) ? &space->spent : &space->tables;
}

static void run_link(struct vspace *space, struct cap *run)
{
    struct cap **list = list_of(space, run);

    turn_is_needed(&space->turn);
    run->run.attached_previous = NULL;
    run->run.attached_next = *list;
    if (*list != NULL) {
        (*list)->run.attached_previous = run;
    }
    *list = run;
}

static void run_unlink(struct cap *run)
{
    turn_is_needed(&run_space(run)->turn);
    if (run->run.attached_previous != NULL) {
        run->run.attached_previous->run.attached_next = run->run.attached_next;
    } else {
        *list_of(run_space(run), run) = run->run.attached_next;
    }
    if (run->run.attached_next != NULL) {
        run->run.attached_next->run.attached_previous = run->run.attached_previous;
    }
}

bool vspace_table_take(struct vspace *space, user_addr_t at, phys_t *taken)
{
    struct cap *cap = space->tables;

    if (cap == NULL) {
        return false;
    }
    *taken = cap->run.base + (uint64_t)cap->run.used_count * PAGE_BYTES;
    run_unlink(cap);
    cap->run.used_count++;
    cap->run.low = at < cap->run.low ? at : cap->run.low;
    cap->run.high = at >= cap->run.high ? at + 1 : cap->run.high;
    run_link(space, cap);
    space->tables_used++;
    return true;
}

void vspace_run_release(struct cap *run)
{
    struct vspace *space = run_space(run);

    run_unlink(run);
    if (run->type == OBJECT_FRAME) {
        space->frame_runs--;
        space->wide_runs -= run->run.is_wide;
    } else {
        space->tables_used -= run->run.used_count;
    }
    run->run.used_count = 0;
    /* Release: pairs with the acquire in vspace_attach(). */
    atomic_store_explicit(&run->run.space, NULL, memory_order_release);
}

err_t vspace_attach(struct vspace *space, struct cap *run)
{
    struct vspace *none = NULL;

    /* Another core may want it for another space. Acquire: pairs with the release in vspace_run_release(). */
    if (ARCH_CORES > 1
            ? !atomic_compare_exchange_strong_explicit(&run->run.space, &none, space,
                                                       memory_order_acquire, memory_order_relaxed)
            : run_space(run) != none) {
        return ERR_BUSY;
    }
    atomic_store_explicit(&run->run.space, space, memory_order_relaxed);
    run->run.is_leaving = false;
    run->run.is_wide = false;
    run->run.low = space->end;
    run->run.high = 0;
    run_link(space, run);
    space->frame_runs += run->type == OBJECT_FRAME;
    return ERR_OK;
}

err_t vspace_frame_widen(struct vspace *space, struct cap *frame)
{
    if (!frame->run.is_wide && space->wide_runs == VSPACE_WIDE_MAX) {
        return ERR_BUSY;
    }
    space->wide_runs += !frame->run.is_wide;
    frame->run.is_wide = true;
    return ERR_OK;
}

void vspace_run_moved(struct cap *from, struct cap *to)
{
    run_unlink(from);
    run_link(run_space(to), to);
}

static bool run_holds(const struct cap *run, phys_t phys)
{
    return phys - run->run.base < run->run.size_bytes;
}

/* Empties what programs, or devices, have of the root. */
static void root_clear(struct vspace *space)
{
    uint64_t *root = vspace_root(space);

    arch_memory_clear(root, (space->is_io ? PTE_PER_TABLE : PTE_USER_IN_ROOT) * sizeof(uint64_t));
    if (space->is_io) {
        arch_iommu_publish(root, PAGE_BYTES);
    } else {
        arch_memory_clear(root + PTE_PER_TABLE, PTE_USER_IN_ROOT * sizeof(uint64_t));
    }
}

/* What is looked for may lie below the entry: not what is smaller than the run's pages; and a table of the run itself goes with all below it. */
static inline __attribute__((always_inline)) bool leads_on(const struct cap *run, bool is_io,
                                                           uint64_t entry, uint32_t level)
{
    return entry_is_table(is_io, entry, level) &&
           level > (run->type == OBJECT_FRAME ? run->run.page_class : 1u) &&
           !run_holds(run, entry_phys(is_io, entry));
}

/* Removes what is of the run, pages or tables, in the next places of one table. Returns how many bytes are dealt with. */
static uint64_t run_scan(struct core *core, struct cap *run, user_addr_t at)
{
    struct vspace *space = run_space(run);
    bool is_io = space->is_io;
    uint32_t level = space->root_level;
    uint64_t *entry = vspace_root(space) + pte_index(at, level);

    while (leads_on(run, is_io, *entry, level)) {
        level--;
        entry = (uint64_t *)arch_phys_to_ptr(entry_phys(is_io, *entry)) + pte_index(at, level);
    }
    uint64_t left = PTE_PER_TABLE - pte_index(at, level);
    user_addr_t next = at - at % pte_span(level);

    left = left < SCAN_PLACES ? left : SCAN_PLACES;
    /* Behind its uses the same memory may be mapped through another capability. */
    for (; left > 0 && next < run->run.high && !leads_on(run, is_io, *entry, level); left--) {
        if (entry_is_present(is_io, *entry) && run_holds(run, entry_phys(is_io, *entry))) {
            entry_link(space, entry, level, 0);
            vspace_forget(core, space, next, run->type == OBJECT_FRAME ? 1 : VSPACE_ALL);
            left = is_io ? 1 : left; /* to tell units takes as long as all the places do */
        }
        next += pte_span(level);
        entry++;
    }
    return next - at;
}

err_t vspace_run_detach(struct core *core, struct cap *run)
{
    struct vspace *space = run_space(run);

    if (!run->run.is_leaving) {
        run_unlink(run);
        run->run.is_leaving = true;
        run_link(space, run);
    }
    if (run->type == OBJECT_PAGE_TABLE && run->run.high > run->run.low + TABLES_NEAR) {
        root_clear(space);
        vspace_forget(core, space, 0, VSPACE_ALL);
        run->run.low = run->run.high;
    }
    while (run->run.low < run->run.high) {
        run->run.low += run_scan(core, run, run->run.low);
        if (run->run.low < run->run.high && arch_interrupt_pending(core)) {
            vspace_sync(core, space);
            return KERNEL_RESTART;
        }
    }
    vspace_sync(core, space);
    vspace_run_release(run);
    return ERR_OK;
}

static struct cap *any_run(const struct vspace *space)
{
    struct cap *tables = space->tables != NULL ? space->tables : space->spent;

    return space->frames != NULL ? space->frames : tables;
}

err_t vspace_destroy(struct core *core, struct vspace *space)
{
    struct cap *run;

    /* First of all nothing is reachable any more: from here on runs may go one by one, with breaks. */
    for (uint32_t i = 0; i < core->machine->core_count && !space->is_io; i++) {
        arch_vspace_leave(core->machine->cores[i], space->root);
    }
    root_clear(space);
    for (uint32_t step = 1; (run = any_run(space)) != NULL; step++) {
        vspace_run_release(run);
        if (step % SCAN_PLACES == 0 && arch_interrupt_pending(core)) {
            return KERNEL_RESTART;
        }
    }
    return ERR_OK;
}
