/* SPDX-License-Identifier: MIT */
/*
 * What a core may do alone. Invariants that this stands on (all of them kept with all locks):
 * - a thread, its context, its timer events and what it lends to have one home;
 * - who an endpoint's server is, the home of an endpoint, a notification, a thread and an irq, capabilities and spaces do not change meanwhile;
 * - an endpoint and a notification are changed by their home only: an edge to them, a queued thread, a bit.
 */
#include "core/alone.h"

#include <stddef.h>

#include "core/inbox.h"
#include "core/trace.h"
#include "ipc/ipc.h"
#include "object/device_objects.h"
#include "object/timer.h"
#include "sched/sched.h"

static bool is_here(const struct core *core, const struct thread *thread)
{
    return thread->home == core;
}

bool alone_signal(const struct core *core, const struct notification *notification)
{
    const struct thread *woken;

    if (notification->home != core) {
        return inbox_has_room(notification->home);
    }
    woken = notification_waiter(notification);
    if (woken == NULL) {
        woken = notification->bound;
    }
    return woken == NULL || is_here(core, woken);
}

/* Calling, by a thread of this core, a server here or elsewhere. */
static bool may_call(const struct core *core, const struct endpoint *endpoint, msg_info_t info)
{
    const struct thread *server = endpoint->server;

    return server != NULL && server->home == endpoint->home && MSG_CAPS(info) == 0 &&
           (endpoint->home == core || inbox_has_room(endpoint->home));
}

/* The first who calls sends nothing that would change a table. */
static bool may_take(const struct core *core, const struct endpoint *endpoint)
{
    const struct thread *first;

    if (endpoint->home != core) {
        return false;
    }
    first = endpoint_first(endpoint);
    return first == NULL || first->call_is_fault || MSG_CAPS(first->registers.info) == 0;
}

bool alone_receive(const struct core *core, const struct thread *server,
                   const struct endpoint *endpoint)
{
    if (endpoint->server == NULL) {
        return false; /* it gets one */
    }
    return endpoint->server != server || /* an error */
           ((server->bound == NULL || server->bound->home == core) && may_take(core, endpoint));
}

static bool may_receive(const struct core *core, const struct thread *server, uint64_t addr)
{
    struct cap *cap;

    return cap_lookup(server->table, addr, OBJECT_ENDPOINT, RIGHT_RECEIVE, &cap) ||
           alone_receive(core, server, cap->object);
}

/* Answering the call that it serves, if it serves one. */
static bool may_reply(const struct core *core, const struct thread *server)
{
    const struct thread *caller = server->serving;

    return caller == NULL || (MSG_CAPS(server->registers.info) == 0 &&
                              (is_here(core, caller) || inbox_has_room(caller->home)));
}

/* A reply object belongs to no core. */
static bool may_reply_to(const struct core *core, const struct thread *server, uint64_t addr)
{
    struct cap *cap;

    return addr == 0 ? may_reply(core, server)
                     : cap_lookup(server->table, addr, OBJECT_REPLY, 0, &cap) != ERR_OK;
}

/* Methods change what all share, but for this: a message of a device of this core is acknowledged, and nothing was held back. */
static bool may_invoke(const struct core *core, const struct cap *cap, msg_info_t info)
{
    const struct irq *irq = cap->object;

    return cap->type == OBJECT_IRQ && MSG_LABEL(info) == IRQ_ACK && irq->home == core &&
           irq->line == IRQ_NO_LINE && !irq->is_held;
}

static bool may_call_at(const struct core *core, const struct thread *caller, uint64_t addr,
                        bool is_method)
{
    msg_info_t info = caller->registers.info;
    struct cap *cap;

    if (cap_lookup_any(caller->table, addr, &cap)) {
        return true; /* an error */
    }
    return cap->type == OBJECT_ENDPOINT && !is_method ? may_call(core, cap->object, info)
                                                      : may_invoke(core, cap, info);
}

static bool may_signal_at(const struct core *core, const struct thread *caller, uint64_t addr)
{
    struct cap *cap;

    return cap_lookup(caller->table, addr, OBJECT_NOTIFICATION, RIGHT_SIGNAL, &cap) ||
           alone_signal(core, cap->object);
}

/* Waiting or looking: its bits are read, and the thread is queued. */
static bool may_wait_at(const struct core *core, const struct thread *thread, uint64_t addr)
{
    struct cap *cap;

    return cap_lookup(thread->table, addr, OBJECT_NOTIFICATION, RIGHT_WAIT, &cap) ||
           ((const struct notification *)cap->object)->home == core;
}

static inline bool has_begun_sweep(const struct thread *thread)
{
    return thread->doomed.next != &thread->doomed || thread->is_sweeping;
}

bool alone_syscall(const struct core *core)
{
    const struct thread *caller = core->current;
    uint64_t addr = caller->registers.op >> 32;

    if (core_trace.is_on || has_begun_sweep(caller)) {
        return false;
    }
    switch (caller->registers.op & 0xffu) {
    case SYSCALL_CALL:
        return may_call_at(core, caller, addr, false);
    case SYSCALL_REPLY_RECEIVE:
        return may_reply(core, caller) && may_receive(core, caller, addr);
    case SYSCALL_RECEIVE:
        return may_receive(core, caller, addr);
    case SYSCALL_REPLY:
        return may_reply_to(core, caller, addr);
    case SYSCALL_SIGNAL:
        return may_signal_at(core, caller, addr);
    case SYSCALL_WAIT:
    case SYSCALL_POLL:
        return may_wait_at(core, caller, addr);
    case SYSCALL_METHOD:
        return may_call_at(core, caller, addr, true);
    default:
        return true; /* of no object */
    }
}

bool alone_fault(const struct core *core)
{
    const struct cap *handler = &core->current->handler_cap;

    if (core_trace.is_on) {
        return false;
    }
    return handler->type == OBJECT_NONE || may_call(core, handler->object, 0);
}

/* Masking, of levels and of what comes a second time, is done in registers that all cores share. */
bool alone_irq(const struct core *core, uint32_t vector)
{
    const struct irq *irq = core->machine->vectors[vector];

    if (core_trace.is_on) {
        return false;
    }
    return irq == NULL || irq->notification_cap.type == OBJECT_NONE ||
           (irq->home == core && !irq->is_level && !irq->is_pending &&
            alone_signal(core, irq->notification_cap.object));
}

/* The wait of a thread of this core ends. */
static bool may_cut(const struct core *core, const struct thread *thread)
{
    const struct lend *to = thread->lend.to;

    switch (thread->state) {
    case THREAD_STATE_WAITING:
        return thread->waiting_on->home == core;
    case THREAD_STATE_CALLING:
    case THREAD_STATE_FAULTED:
        if (thread->is_away) {
            return false;
        }
        /* Else in a reply object. */
        return thread->served_by != NULL || (to != NULL && to->kind == LEND_ENDPOINT);
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

    switch (timed->kind) {
    case TIMED_DEADLINE:
        return may_cut(core, thread_of_timeout(timed));
    case TIMED_REPLENISH:
        return true;
    default:
        /* One that is not set again gives up its capability. */
        return timer->period_ns != 0 && alone_signal(core, timer->notification_cap.object);
    }
}

/* --- The ways into the kernel, with the own lock if that is enough; and what is left for all --- */

bool core_try_syscall(struct core *core)
{
    if (!inbox_is_empty(core)) {
        inbox_take(
            core); /* who receives now must know of all who called; and it changes what is asked next */
    }
    if (core->inbox_left != NULL || !alone_syscall(core)) {
        return false;
    }
    core_on_syscall(core);
    return true;
}

bool core_try_fault(struct core *core, const struct arch_fault *fault)
{
    if (!alone_fault(core)) {
        return false;
    }
    core_on_fault(core, fault);
    return true;
}

bool core_try_interrupt(struct core *core, uint32_t vector)
{
    bool is_own = vector == ARCH_VECTOR_TIMER || vector == ARCH_VECTOR_POKE;

    if (core_trace.is_on || (!is_own && !alone_irq(core, vector))) {
        return false;
    }
    if (vector == ARCH_VECTOR_POKE) {
        inbox_take(core);
    }
    core_on_interrupt(core, vector);
    return true;
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
        timers_expire(core, core->armed_band); /* the timer is armed again by now, and stays so */
        if (core->must_dispatch) {
            core_dispatch(core);
        }
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
