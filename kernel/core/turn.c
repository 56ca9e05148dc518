/* SPDX-License-Identifier: MIT */
/* Waiting for a lock beside the own, a little (core/turn.h). */
#include "core/turn.h"

#include <stddef.h>

/* Enough for most methods to end. Who does not have it then takes all locks, for which there are turns: so no wait is without end. */
#define LOOKS 192u

turn_t core_tree_turn;

static bool turn_take(turn_t *turn)
{
    uint32_t seen = atomic_load_explicit(turn, memory_order_relaxed);

    /* Acquire: pairs with the release in turns_unlock(). */
    return (seen & 1u) == 0 &&
           atomic_compare_exchange_strong_explicit(turn, &seen, seen + 1, memory_order_acquire,
                                                   memory_order_relaxed);
}

/* Whoever has it may wait for this core to drop translations: it does. Whoever wants all locks has a turn before this one has another. */
static bool turn_wait(struct core *core, turn_t *turn)
{
    for (uint32_t looks = 0; !turn_take(turn); looks++) {
        if (looks == LOOKS || arch_others_wait(core)) {
            return false;
        }
    }
    return true;
}

bool turn_lock(struct core *core, turn_t *turn)
{
    if (core->locked[0] == turn) {
        return true;
    }
    if (!turn_wait(core, turn)) {
        return false;
    }
    core->locked[core->locked[0] != NULL] = turn;
    return true;
}
