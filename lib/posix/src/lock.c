/* SPDX-License-Identifier: MIT */
#include "lock.h"

#include "abi/types.h"
#include "pith/lock.h"

/* Without an event as long as there is one thread: nobody ever waits for them then. */
static struct lock shared, waiting;

static void take(struct lock *lock)
{
    while (lock_acquire(lock, DEADLINE_NEVER)) {
        /* Suspended and resumed while it waited. */
    }
}

void posix_lock(void)
{
    take(&shared);
}

void posix_unlock(void)
{
    lock_release(&shared);
}

void wait_lock(void)
{
    take(&waiting);
}

void wait_unlock(void)
{
    lock_release(&waiting);
}

err_t locks_prepare(uint32_t rank)
{
    err_t err = shared.event.cap != 0 ? ERR_OK : event_create(&shared.event, rank);

    return err ? err : event_create(&waiting.event, rank);
}
