/* SPDX-License-Identifier: MIT */
/* Threads that get another home: with several cores. */
#include "ipc/ipc.h"
#include "object/thread_life.h"
#include "sched/sched.h"

static bool may_move(const struct thread *thread)
{
    return thread->state == THREAD_STATE_INACTIVE && thread->serving == NULL &&
           thread->deferred == NULL && thread->endpoints == NULL &&
           queue_is_empty(&thread->lend.from);
}

bool thread_move(struct core *core, struct thread *thread, struct core *home)
{
    struct core *before = core_of(core, thread->home);

    if (before == home) {
        return true;
    }
    if (!may_move(thread)) {
        return false;
    }
    thread_settle(before, thread);
    core_expel(before, thread);
    arch_thread_leave(before, thread);
    thread->home = home;
    if (thread->bound != NULL) {
        thread->bound->home = home;
    }
    return true;
}
