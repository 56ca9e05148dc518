/* SPDX-License-Identifier: MIT */
/* Waiting for a space's lock, a little (mm/space_lock.h). */
#include "mm/space_lock.h"

#include <stddef.h>

/* Enough for most methods to end. Who does not have it then takes all locks, for which there are turns: so no wait is without end. */
#define LOOKS 192u

static bool turn_take(struct vspace *space)
{
    uint32_t turn = atomic_load_explicit(&space->turn, memory_order_relaxed);

    /* Acquire: pairs with the release in spaces_unlock(). */
    return (turn & 1u) == 0 &&
           atomic_compare_exchange_strong_explicit(&space->turn, &turn, turn + 1,
                                                   memory_order_acquire, memory_order_relaxed);
}

/* Whoever has it may wait for this core to drop translations: it does. Whoever wants all locks has a turn before this one has another. */
static bool turn_wait(struct core *core, struct vspace *space)
{
    for (uint32_t looks = 0; !turn_take(space); looks++) {
        if (looks == LOOKS || arch_others_wait(core)) {
            return false;
        }
    }
    return true;
}

bool space_lock(struct core *core, struct vspace *space)
{
    if (core->locked[0] == space) {
        return true;
    }
    if (!turn_wait(core, space)) {
        return false;
    }
    core->locked[core->locked[0] != NULL] = space;
    return true;
}
