/* SPDX-License-Identifier: MIT */
/*
 * An address space, of programs or (is_io, inside a struct io_space) of devices. The struct fills a page; the root
 * table is the page after it. Behind that of programs is another with the same entries in the user's half, for user mode alone (arch.h).
 * Invariant: every table below the root lies in a run on the list tables or spent, every page mapped in a run on the list frames.
 */
#pragma once

#include <stdatomic.h>

#include "cap/cap.h"

struct vspace {
    struct cap *frames; /* attached runs, through run.attached_next */
    struct cap *tables; /* with tables left to give */
    struct cap *spent;  /* page-table runs without */
    uint32_t frame_runs;
    uint32_t tables_used;
    uint32_t wide_runs;    /* of frames: VSPACE_WIDE_MAX at most */
    _Atomic uint32_t turn; /* its lock: core/turn.h */
    phys_t root;
    user_addr_t end; /* addresses are below */
    uint8_t root_level;
    bool is_io;
    bool
        must_flush; /* something was removed that units or other cores may remember; false between kernel entries */
};

/* So many runs of a space may have their pages further apart than what was mapped of them warrants (vspace_frame_use()). */
#define VSPACE_WIDE_MAX 32u

#define VSPACE_ROOT_BYTES 8192u
#define VSPACE_BYTES (4096u + VSPACE_ROOT_BYTES)
#define VSPACE_IO_BYTES 8192u

static inline uint64_t *vspace_root(struct vspace *space)
{
    return (uint64_t *)(void *)((uint8_t *)space + 4096);
}
