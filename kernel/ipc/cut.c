/* SPDX-License-Identifier: MIT */
/* The ways in which a wait ends other than by what was waited for. */
#include <stddef.h>

#include "ipc/deadline.h"
#include "ipc/fast.h"
#include "ipc/ipc.h"
#include "sched/sched.h"
#include "words.h"

void reply_release(struct reply *reply)
{
    struct thread *server = reply->server;

    if (reply->previous_deferred != NULL) {
        reply->previous_deferred->next_deferred = reply->next_deferred;
    } else {
        server->deferred = reply->next_deferred;
    }
    if (reply->next_deferred != NULL) {
        reply->next_deferred->previous_deferred = reply->previous_deferred;
    }
    reply->caller->held_by = NULL;
    reply->caller = NULL;
    reply->server = NULL;
}

static void cut_call(struct core *core, struct thread *thread)
{
    struct lend *to = thread->lend.to;

    if (thread->served_by != NULL) {
        thread->served_by->serving = NULL;
        thread->served_by = NULL;
        lend_detach(core, &thread->lend);
    } else if (thread->held_by != NULL) {
        reply_release(thread->held_by);
    } else if (to != NULL && to->kind == LEND_ENDPOINT) {
        endpoint_dequeue(core, endpoint_of_lend(to), thread);
    } else if (ARCH_CORES > 1 && thread->plain_on != NULL) {
        endpoint_dequeue(core, thread->plain_on, thread);
    }
    thread->is_away = false;
}

void ipc_cut(struct core *core, struct thread *thread)
{
    switch (thread->state) {
    case THREAD_STATE_CALLING:
    case THREAD_STATE_FAULTED:
        cut_call(core, thread);
        break;
    case THREAD_STATE_WAITING:
        notification_dequeue(core, thread);
        break;
    case THREAD_STATE_RECEIVING:
        waiter_unmark(thread->receiving_on);
        thread->receiving_on = NULL;
        break;
    default:
        thread_unready(core, thread);
        break;
    }
    deadline_cancel(core, thread);
    thread->state = THREAD_STATE_INACTIVE;
}

void ipc_abandon(struct core *core, struct thread *thread)
{
    if (thread->served_by != NULL) {
        thread->served_by->caller_is_gone = true;
    } else if (thread->held_by != NULL) {
        thread->held_by->caller_is_gone = true;
    }
    if (thread->state == THREAD_STATE_CALLING || thread->state == THREAD_STATE_RECEIVING) {
        words_clear(thread);
    }
    ipc_cut(core, thread);
}

void ipc_fail(struct core *core, struct thread *thread, err_t err)
{
    bool has_faulted = thread->state == THREAD_STATE_FAULTED;

    ipc_abandon(core, thread);
    if (has_faulted) {
        return;
    }
    thread_answer(thread, err, 0, 0);
    thread_make_ready(core, thread);
}

void deadline_queue(struct core *core, struct thread *thread)
{
    timed_arm(core_of(core, thread->home), &thread->timeout, thread->deadline_ns,
              band_of(&thread->lend));
}

static bool is_behind(const struct thread *thread)
{
    return thread->timeout.node.is_queued && band_of(&thread->lend) > thread->timeout.band;
}

void deadline_follow(struct core *core, struct lend *lend)
{
    struct thread *thread = thread_of_lend(lend);

    if (lend->kind != LEND_THREAD || thread->behind_link != NULL || !is_behind(thread)) {
        return;
    }
    core = core_of(core, thread->home);
    thread->next_behind = core->behind;
    thread->behind_link = &core->behind;
    if (core->behind != NULL) {
        core->behind->behind_link = &thread->next_behind;
    }
    core->behind = thread;
    timers_arm_by(core, 0);
}

void deadline_forget_behind(struct thread *thread)
{
    if (thread->behind_link != NULL) {
        *thread->behind_link = thread->next_behind;
        if (thread->next_behind != NULL) {
            thread->next_behind->behind_link = thread->behind_link;
        }
        thread->behind_link = NULL;
    }
}

void deadline_catch_up(struct core *core)
{
    struct thread *thread = core->behind;

    deadline_forget_behind(thread);
    if (!thread->is_unsettled && is_behind(thread)) {
        timed_arm(core, &thread->timeout, thread->timeout.node.key, band_of(&thread->lend));
    }
}

void deadline_passed(struct core *core, struct timed *timed)
{
    struct thread *thread =
        (struct thread *)(void *)((uint8_t *)timed - offsetof(struct thread, timeout));

    ipc_fail(core, thread, ERR_TIMED_OUT);
}
