/* SPDX-License-Identifier: MIT */
/*
 * What one core does to another. Everything a core touches hangs on its struct core, and every object that is
 * queued on one has a home core; whoever changes such an object does so on the queues of its home, which it finds
 * through here. A core reaches into another's structures itself, with all cores' locks, and then makes it look
 * (core_ask_dispatch()). With its own lock alone it touches what has its home here, and nothing else: core/alone.h.
 * With one core all of this is nothing.
 */
#pragma once

#include "core/core.h"

/** The core whose queues hold what has that home; `here` is the one that runs. */
static inline struct core *core_of(struct core *here, struct core *home)
{
    assert(ARCH_CORES == 1 || home == here || arch_has_all());
    return ARCH_CORES > 1 ? home : here;
}

/** Do both live on one core? Only then may time go from one to the other. */
static inline bool core_is_same(const struct core *one, const struct core *other)
{
    return ARCH_CORES == 1 || one == other;
}

/** What may be changed only while no core can look: the tree of derivation, spaces, what belongs to no core. */
static inline void core_needs_all(void)
{
    assert(ARCH_CORES == 1 || arch_has_all());
}

/** Not the core that runs this: its hardware is out of reach. */
static inline bool core_is_other(const struct core *core)
{
    return ARCH_CORES > 1 && !arch_core_is_this(core);
}

/** The core's current may no longer be the one to run: it chooses anew before the next user instruction. */
static inline void core_ask_dispatch(struct core *core)
{
    core->must_dispatch = true;
    if (core_is_other(core)) {
        arch_core_poke(core);
    }
}
