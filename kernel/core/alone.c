/* SPDX-License-Identifier: MIT */
/*
 * What a core may do alone. Invariants that this stands on (all of them kept with all locks):
 * - a thread, its context, its timer events and what it lends to have one home;
 * - who an endpoint's server is, the home of an endpoint, a notification, a thread and an irq, capabilities and spaces do not change meanwhile;
 * - an endpoint, a notification and a reply object are changed by their home only: an edge to them, a queued thread, a bit, the call that is held.
 */
#include "core/alone.h"

#include <stddef.h>

#include "core/inbox.h"
#include "core/trace.h"
#include "core/turn.h"
#include "ipc/ipc.h"
#include "mm/vspace.h"
#include "object/device_objects.h"
#include "object/timer.h"
#include "sched/sched.h"

static bool is_here(const struct core *core, const struct thread *thread)
{
    return thread->home == core;
}

bool alone_send(const struct core *core, const struct notification *notification)
{
    return notification->home == core || inbox_has_room(notification->home);
}

bool alone_signal(const struct core *core, const struct notification *notification)
{
    const struct thread *woken;

    if (notification->home != core) {
        return alone_send(core, notification);
    }
    woken = notification_waiter(notification);
    if (woken == NULL) {
        woken = notification->bound;
    }
    return woken == NULL || is_here(core, woken);
}

bool alone_call(const struct core *core, const struct endpoint *endpoint, msg_info_t info)
{
    const struct thread *server = endpoint->server;

    return server != NULL && server->home == endpoint->home && MSG_CAPS(info) == 0 &&
           (endpoint->home == core || inbox_has_room(endpoint->home));
}

/* What it has begun to delete is worked off before an error is told, which may be after the reply. */
static bool may_answer(const struct core *core, const struct thread *server,
                       const struct thread *caller)
{
    return !thread_has_begun_sweep(server) &&
           (caller == NULL || (MSG_CAPS(server->registers.info) == 0 &&
                               (is_here(core, caller) || inbox_has_room(caller->home))));
}

bool alone_reply(const struct core *core, const struct thread *server)
{
    return may_answer(core, server, server->serving);
}

bool alone_reply_by(const struct core *core, const struct thread *server, const struct reply *reply)
{
    return reply->home == core && may_answer(core, server, reply->caller);
}

/* The first who calls sends nothing that would change a table. */
static bool may_take(const struct endpoint *endpoint)
{
    const struct thread *first;

    if (endpoint_is_idle(endpoint)) {
        return true;
    }
    first = endpoint_first(endpoint);
    return first->call_is_fault || MSG_CAPS(first->registers.info) == 0;
}

bool alone_receive(const struct core *core, const struct thread *server,
                   const struct endpoint *endpoint, bool replies)
{
    if (endpoint->server != server) {
        return endpoint->server != NULL; /* an error; else it gets one */
    }
    return (replies ? alone_reply(core, server) : !thread_has_begun_sweep(server)) &&
           (server->bound == NULL || server->bound->home == core) && endpoint->home == core &&
           may_take(endpoint);
}

/* A message or an edge of a device of this core is acknowledged, and nothing was held back: nothing is unmasked. */
static bool may_acknowledge(const struct core *core, const struct irq *irq)
{
    return irq->home == core && !irq->is_level && !irq->is_held;
}

/* All who are queued lend, and so are of this core. */
static bool may_cancel(const struct core *core, const struct endpoint *endpoint)
{
    return endpoint->home == core && queue_is_empty(&endpoint->plain);
}

/* Its space's lock is enough, if it is still that space's when it is had. Spaces of devices have none. */
static bool may_detach(struct core *core, const struct cap *frame)
{
    struct vspace *space = run_space(frame);

    if (space == NULL || space->is_io || !turn_lock(core, &space->turn)) {
        return false;
    }
    if (run_space(frame) != space) {
        turns_unlock(core);
        return false;
    }
    return true;
}

/* Methods change what all share, but for these. An error of reply's may have changed something: see may_answer(). */
bool alone_invoke(struct core *core, const struct thread *caller, const struct cap *target,
                  msg_info_t info)
{
    uint32_t label = MSG_LABEL(info);

    switch (target->type) {
    case OBJECT_VSPACE: /* it has a lock */
        return turn_lock(core, &((struct vspace *)target->object)->turn);
    case OBJECT_FRAME: /* which memory it is stays */
        return label == FRAME_INFO || (label == FRAME_DETACH && may_detach(core, target));
    case OBJECT_CAP_TABLE: /* something is derived: the tree has a lock */
        return (label == CAP_TABLE_COPY || label == CAP_TABLE_MINT ||
                label == CAP_TABLE_MINT_PAGES) &&
               turn_lock(core, &core_tree_turn);
    case OBJECT_UNTYPED: /* something is created */
        return label == UNTYPED_RETYPE && turn_lock(core, &core_tree_turn);
    case OBJECT_IRQ:
        return label == IRQ_ACK && may_acknowledge(core, target->object);
    case OBJECT_REPLY: /* defer, adopt: the call goes from one place of this core to another */
        return ((const struct reply *)target->object)->home == core &&
               !thread_has_begun_sweep(caller);
    case OBJECT_THREAD:
        return label == THREAD_INFO && is_here(core, target->object);
    case OBJECT_ENDPOINT:
        return label == ENDPOINT_CANCEL && may_cancel(core, target->object);
    case OBJECT_SCHED_CONTEXT:
        return label == SCHED_CONTEXT_INFO &&
               ((const struct sched_context *)target->object)->core == core;
    case OBJECT_IO_PORT: /* which these are is fixed */
        return label == IO_PORT_READ || label == IO_PORT_WRITE;
    default:
        return false;
    }
}

/* Masking, of levels and of what comes a second time, is done in registers that all cores share. */
void alone_interrupt(struct core *core, struct irq *irq, uint32_t vector)
{
    if (irq->home != core || irq->is_level || irq->is_pending ||
        !alone_send(core, irq->notification_cap.object)) {
        if (core_widen(core)) {
            irq_on_interrupt(core, vector);
        }
        return;
    }
    notification_signal(core, irq->notification_cap.object, irq->notification_cap.badge);
    if (!core_has_declined(core)) {
        irq->is_pending = true;
        arch_irq_acknowledge(vector);
    }
}

/* The wait of a thread of this core ends. */
static bool may_cut(const struct core *core, const struct thread *thread)
{
    switch (thread->state) {
    case THREAD_STATE_WAITING:
        return thread->waiting_on->home == core;
    case THREAD_STATE_CALLING:
    case THREAD_STATE_FAULTED:
        return !thread->is_away; /* else who, or what, has its call is of this core, too */
    default:
        return true;
    }
}

static const struct thread *thread_of_timeout(const struct timed *timed)
{
    return (const struct thread *)(const void *)((const uint8_t *)timed -
                                                 offsetof(struct thread, timeout));
}

bool alone_expire(const struct core *core, const struct timed *timed)
{
    const struct timer *timer = (const struct timer *)(const void *)timed;
    const struct notification *notification;

    switch (timed->kind) {
    case TIMED_DEADLINE:
        return may_cut(core, thread_of_timeout(timed));
    case TIMED_REPLENISH:
        return true;
    default:
        /* One that is not set again gives up its capability; one that waits to be taken belongs where its bits are. */
        notification = timer->notification_cap.object;
        return timer->period_ns != 0 && notification->home == core &&
               alone_signal(core, notification);
    }
}

/* --- The ways into the kernel, with the own lock if that is enough; and what is left for all --- */

bool core_widen(struct core *core)
{
    core->needs_all = !arch_try_all(core);
    return !core->needs_all;
}

bool core_try_syscall(struct core *core)
{
    if (!inbox_is_empty(core)) {
        inbox_take(
            core); /* who receives now must know of all who called; and it changes what is asked next */
    }
    if (core->inbox_left != NULL) {
        return false;
    }
    core_on_syscall(core);
    return core_is_done(core);
}

bool core_try_fault(struct core *core, const struct arch_fault *fault)
{
    core_on_fault(core, fault);
    return core_is_done(core);
}

bool core_try_interrupt(struct core *core, uint32_t vector)
{
    if (vector == ARCH_VECTOR_POKE) {
        inbox_take(core);
    }
    core_on_interrupt(core, vector);
    return core_is_done(core);
}

void core_settle(struct core *core)
{
    while (core->unsettled != NULL) {
        thread_settle(core, core->unsettled);
    }
}

void core_finish(struct core *core)
{
    core_settle(core);
    /* Whoever had all locks before may have woken one of these, and not have known what reaches it. */
    if (core->must_dispatch) {
        core_dispatch(core);
    }
    if (core->must_expire) {
        core->must_expire = false;
        core_on_interrupt(core, ARCH_VECTOR_TIMER);
    }
}

void core_join(struct machine *machine, struct core *core)
{
    core_init(core, machine, machine->core_count);
    machine->core_count++;
}

void core_part(struct machine *machine)
{
    machine->core_count--;
}
