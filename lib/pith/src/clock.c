/* SPDX-License-Identifier: MIT */
/* Sleeping waits on a notification that nobody signals: the deadline is the time. */
#include "pith/clock.h"

#include "pith/kernel_calls.h"
#include "pith/object.h"

void sleep_until(ns_t at_ns)
{
    static _Atomic cap_addr_t never; /* one for all threads: a notification holds many waiters */
    cap_addr_t notification = never;
    uint64_t bits;

    if (notification == 0) {
        if (object_create(OBJECT_NOTIFICATION, 0, &notification)) {
            while (clock_now() < at_ns) {
                (void)!thread_yield(); /* no memory of its own: the long way round */
            }
            return;
        }
        never = notification; /* two threads at once: one object too many, no harm */
    }
    (void)!notification_wait(notification, 1, at_ns, 0, &bits);
}
