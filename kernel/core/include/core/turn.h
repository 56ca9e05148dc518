/* SPDX-License-Identifier: MIT */
/*
 * Locks that are had beside the core's own (docs/locking.md): a space's, with which its tables, its lists and what is attached to it may be changed, and that
 * of the tree of derivation, with which something may be derived, or created. They are had from before a method begins to its end, so nobody has
 * one who does not have his own, too. Who has all locks needs none of them. With one core there are none.
 */
#pragma once

#include <stdatomic.h>

#include "core/core.h"

/** Odd: somebody has it. */
typedef _Atomic uint32_t turn_t;

/** Of the tree of derivation. */
extern turn_t core_tree_turn;

/**
 * turn_lock() - have a lock until turns_unlock(), beside what the core has; at most two.
 * Has the own lock alone. false: others have it, for longer than a short look. Answers meanwhile what others ask of this core's translations.
 */
MUST_CHECK bool turn_lock(struct core *core, turn_t *turn);

/** Gives back those that it has; the own lock or all are had still. */
static inline void turns_unlock(struct core *core)
{
    for (uint32_t i = 0; ARCH_CORES > 1 && i < 2 && core->locked[i] != (turn_t *)0; i++) {
        turn_t *turn = core->locked[i];

        core->locked[i] = (turn_t *)0;
        /* Release: pairs with the acquire in turn_lock(). */
        atomic_store_explicit(turn, atomic_load_explicit(turn, memory_order_relaxed) + 1,
                              memory_order_release);
    }
}

/** What it is for may be changed: it is had, or all are. */
static inline void turn_is_needed(const turn_t *turn)
{
    assert(ARCH_CORES == 1 || (atomic_load_explicit(turn, memory_order_relaxed) & 1u) != 0 ||
           arch_has_all());
}
