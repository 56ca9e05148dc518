/* SPDX-License-Identifier: MIT */
#include "lock.h"

#include "abi/types.h"
#include "pith/lock.h"

/* Without an event as long as there is one thread: nobody ever waits for it then. */
static struct lock lock;

void posix_lock(void)
{
    while (lock_acquire(&lock, DEADLINE_NEVER)) {
        /* Suspended and resumed while it waited. */
    }
}

void posix_unlock(void)
{
    lock_release(&lock);
}
