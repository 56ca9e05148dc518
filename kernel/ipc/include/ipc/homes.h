/* SPDX-License-Identifier: MIT */
/* Which core an endpoint or a notification lives on (docs/locking.md). It changes with all locks only; with one core all of this is nothing. */
#pragma once

#include "core/remote.h"
#include "ipc/ipc.h"

/** It belongs to the core from now on, unless somebody lends to it. */
static inline void endpoint_come_home(struct endpoint *endpoint, struct core *core)
{
    if (ARCH_CORES > 1 && endpoint->home != core && queue_is_empty(&endpoint->lend.from)) {
        endpoint->home = core;
    }
}

/** Bits and waiters belong to the core from now on, unless somebody waits already, or is bound. */
static inline void notification_come_home(struct notification *notification, struct core *core)
{
    if (ARCH_CORES > 1 && notification->home != core && notification->bound == (struct thread *)0 &&
        notification_waiter(notification) == (struct thread *)0) {
        notification->home = core;
    }
}

/** Time does not leave its core: among threads of several, whoever cannot lend waits without. */
static inline bool notification_can_lend(struct core *core, struct notification *notification)
{
    if (ARCH_CORES > 1 && queue_is_empty(&notification->lend.from)) {
        notification->home = core;
    }
    return core_is_same(notification->home, core);
}
