/* SPDX-License-Identifier: MIT */
/*
 * A space's own lock (docs/locking.md): with it and the core's own its tables, its lists and what is attached to it may be changed, as with all locks.
 * It is had from before a method begins to its end, so nobody has one who does not have his own, too. With one core there is none.
 */
#pragma once

#include "cap/cap.h"
#include "core/core.h"
#include "core/remote.h"
#include "object/vspace.h"

/**
 * space_lock() - have the space's lock until spaces_unlock(), beside what the core has; at most two.
 * Has the own lock alone. false: others have it, for longer than a short look. Answers meanwhile what others ask of this core's translations.
 */
MUST_CHECK bool space_lock(struct core *core, struct vspace *space);

/** Gives back those that it has; the own lock or all are had still. */
static inline void spaces_unlock(struct core *core)
{
    for (uint32_t i = 0; ARCH_CORES > 1 && i < 2 && core->locked[i] != (struct vspace *)0; i++) {
        _Atomic uint32_t *turn = &core->locked[i]->turn;

        core->locked[i] = (struct vspace *)0;
        /* Release: pairs with the acquire in space_lock(). */
        atomic_store_explicit(turn, atomic_load_explicit(turn, memory_order_relaxed) + 1,
                              memory_order_release);
    }
}

static inline struct vspace *run_space(const struct cap *run)
{
    return atomic_load_explicit(&run->run.space, memory_order_relaxed);
}

/** The run is the space's from now on, if it is of none: another core may want it for another. Acquire: pairs with the release in vspace_run_release(). */
static inline bool run_claim(struct cap *run, struct vspace *space)
{
    struct vspace *none = (struct vspace *)0;

    if (ARCH_CORES > 1) {
        return atomic_compare_exchange_strong_explicit(&run->run.space, &none, space,
                                                       memory_order_acquire, memory_order_relaxed);
    }
    if (run_space(run) != none) {
        return false;
    }
    atomic_store_explicit(&run->run.space, space, memory_order_relaxed);
    return true;
}

/** What belongs to the space may be changed: its lock is had, or all are; those of devices have none. */
static inline void space_needs_lock(const struct vspace *space)
{
    assert(ARCH_CORES == 1 ||
           (atomic_load_explicit(&space->turn, memory_order_relaxed) & 1u) != 0 || arch_has_all());
}
