/* SPDX-License-Identifier: MIT */
/*
 * Address spaces: page tables of a space, and the runs of frames and tables attached to it.
 * Functions on ranges check nothing but what they say: the methods (mm/methods.c) check arguments.
 */
#pragma once

#include "arch/arch.h"
#include "cap/cap.h"
#include "core/turn.h"
#include "object/vspace.h"

/** An empty space; its memory is VSPACE_BYTES at space. */
void vspace_init(struct vspace *space);
/** The same for devices: the first VSPACE_IO_BYTES of a struct io_space. */
void vspace_init_io(struct vspace *space);

/** The space that a run is attached to, or NULL. */
static inline struct vspace *run_space(const struct cap *run)
{
    return atomic_load_explicit(&run->run.space, memory_order_relaxed);
}

/** Pages are mapped from this run, or page tables taken, from now on. Errors: BUSY (attached already). */
MUST_CHECK err_t vspace_attach(struct vspace *space, struct cap *run);

/* Pages first to first + count - 1 of a run, at an address onwards. */
struct mapping {
    uint32_t first;
    uint32_t count;
    user_addr_t at;
    uint32_t prot; /* enum prot */
};

/* So many pages are mapped by one call at most. */
#define VSPACE_MAP_MAX 64u
#define VSPACE_MAP_IO_MAX 16u /* each entry may have to be flushed, and each table */

/**
 * vspace_map_pages() - map pages of a run; at least one, or an error with nothing mapped.
 * Errors: RANGE, NO_RIGHT, BUSY, ALREADY_MAPPED, NO_MEMORY as vspace.map. Cost: linear in count.
 */
MUST_CHECK err_t vspace_map_pages(struct vspace *space, struct cap *frame,
                                  const struct mapping *mapping, uint32_t *done);

/** Can [at, at + bytes) be mapped: the user half, or what devices can address? */
bool vspace_range_is_good(const struct vspace *space, user_addr_t at, uint64_t size_bytes);

/**
 * vspace_find() - the entry that decides about an address: a page, or the absent entry nearest the root.
 * Borrows: valid until the space changes.
 */
uint64_t *vspace_find(struct vspace *space, user_addr_t at, uint32_t *level);

/** The same, if the address behind the last was asked for: entry and level are of that. NULL: there is no last. */
static inline uint64_t *vspace_find_next(struct vspace *space, user_addr_t at, uint64_t *entry,
                                         uint32_t *level)
{
    return entry != (uint64_t *)0 && *level == 0 && pte_index(at, 0) != 0
               ? entry + 1
               : vspace_find(space, at, level);
}

/** The entry for a page of 4 KiB of a program, with its tables made. Errors: NO_MEMORY, ALREADY_MAPPED (a larger page is there). */
MUST_CHECK err_t vspace_entry_make(struct vspace *space, user_addr_t at, uint64_t **entry);

/** Removes pages, of programs or devices. Errors: RANGE. */
MUST_CHECK err_t vspace_unmap(struct core *core, struct vspace *space, user_addr_t at,
                              uint32_t count);

/** Its pages may lie far apart from now on. Errors: BUSY (too many such). */
MUST_CHECK err_t vspace_frame_widen(struct vspace *space, struct cap *frame);
/**
 * vspace_frame_use() - pages of the run may lie in count places of span bytes from at on, too, at most VSPACE_MAP_MAX; it is attached if it is
 * nowhere. What is taken back is looked for from the first place to the last, so these must not be many more than were mapped: twice as many, and
 * VSPACE_MAP_MAX. Of VSPACE_WIDE_MAX runs of a space they may be. So taking memory back takes as long as mapping it took, and VSPACE_WIDE_MAX times as
 * long as to look through the space.
 * Errors: BUSY (attached elsewhere, or being detached; it would be one run more).
 */
static inline MUST_CHECK err_t vspace_frame_use(struct vspace *space, struct cap *frame,
                                                user_addr_t at, uint32_t count, uint64_t span)
{
    struct memory_run *run = &frame->run;
    user_addr_t end = at + count * span;
    err_t err =
        run_space(frame) == space && !run->is_leaving ? ERR_OK : vspace_attach(space, frame);

    at = at < run->low ? at : run->low;
    end = end > run->high ? end : run->high;
    if (!err && (end - at) / span > 2ull * run->used_count + VSPACE_MAP_MAX) {
        err = vspace_frame_widen(space, frame);
    }
    if (!err) {
        run->low = at;
        run->high = end;
    }
    return err;
}

/**
 * Translations of count pages from at on may be cached: drop them, on other cores and in devices at the latest in vspace_sync(). More than one, or
 * VSPACE_ALL (a table was taken out): all of the space.
 */
void vspace_forget(struct core *core, struct vspace *space, user_addr_t at, uint32_t count);
#define VSPACE_ALL UINT32_MAX
/** Whatever was removed is out of reach everywhere now. */
void vspace_sync(struct core *core, struct vspace *space);

/**
 * vspace_run_detach() - remove every use of an attached run from its space, and the run from its list. Tables that were made for addresses more than
 * TABLES_NEAR apart are not looked for one by one: the space loses all its pages.
 * Returns ERR_OK or KERNEL_RESTART; the run keeps how far it got.
 */
MUST_CHECK err_t vspace_run_detach(struct core *core, struct cap *run);

/** A table of any attached run that has one, for that address; false if there is none. Its contents are garbage. */
bool vspace_table_take(struct vspace *space, user_addr_t at, phys_t *taken);

/** Takes a run of which no page or table is in use off its space's list. */
void vspace_run_release(struct cap *run);

/** The capability of an attached run lies somewhere else now; the copy at the old place is as it was. */
void vspace_run_moved(struct cap *from, struct cap *to);

/** Lets go of all runs; the space is about to go. Returns ERR_OK or KERNEL_RESTART. */
MUST_CHECK err_t vspace_destroy(struct core *core, struct vspace *space);
