/* SPDX-License-Identifier: MIT */
/* Threads of this core that wait in a queue of another, and what is to reach them: with several cores. */
#include "settle.h"

#include "object/ipc_objects.h"
#include "sched/sched.h"

/* Another core has its call, or has it in a queue, and goes by its key. */
static bool waits_away(const struct thread *thread)
{
    const struct lend *lend = &thread->lend;

    return thread->is_away || (thread->state == THREAD_STATE_WAITING && lend->to == NULL &&
                               lend->node.is_queued && thread->waiting_on->home != thread->home);
}

bool settle_later(struct core *core, struct lend *lend)
{
    struct thread *thread;

    if (lend->kind != LEND_THREAD) {
        return false;
    }
    thread = thread_of_lend(lend);
    if (!waits_away(thread)) {
        return false;
    }
    if (!thread->is_unsettled) {
        thread->is_unsettled = true;
        thread->next_unsettled = core->unsettled;
        core->unsettled = thread;
        core->must_look = true;
    }
    return true;
}

void thread_settle(struct core *core, struct thread *thread)
{
    struct thread **link = &core->unsettled;

    if (!thread->is_unsettled) {
        return;
    }
    while (*link != thread) {
        link = &(*link)->next_unsettled;
    }
    *link = thread->next_unsettled;
    thread->is_unsettled = false;
    lend_update(core, &thread->lend);
}
