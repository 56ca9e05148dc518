/* SPDX-License-Identifier: MIT */
/* The methods of threads (abi/idl/kernel.idl, interface thread). */
#include <stddef.h>

#include "ipc/homes.h"
#include "ipc/ipc.h"
#include "kernel_gen/methods.h"
#include "object/thread_life.h"
#include "sched/sched.h"

static struct thread *thread_of(const struct cap *cap)
{
    return cap->object;
}

static bool is_stopped(const struct thread *thread)
{
    return thread->state == THREAD_STATE_INACTIVE || thread->state == THREAD_STATE_FAULTED;
}

err_t thread_on_configure(struct invocation *inv, const struct thread_configure_args *args)
{
    struct thread *thread = thread_of(inv->target);

    if (thread->state != THREAD_STATE_INACTIVE) {
        return ERR_BUSY;
    }
    return thread_configure(inv->core, thread, args->table, args->space);
}

err_t thread_on_set_handler(struct invocation *inv, const struct thread_set_handler_args *args)
{
    struct thread *thread = thread_of(inv->target);

    if (args->handler != NULL &&
        ((struct endpoint *)args->handler->object)->lend.rank >= thread->lend.rank) {
        return ERR_WOULD_DEADLOCK;
    }
    return cap_embed(args->handler, &thread->handler_cap, thread, NULL);
}

err_t thread_on_set_buffer(struct invocation *inv, const struct thread_set_buffer_args *args)
{
    return thread_buffer_set(thread_of(inv->target), args->frame, args->offset);
}

err_t thread_on_write_registers(struct invocation *inv,
                                const struct thread_write_registers_args *args)
{
    struct thread *thread = thread_of(inv->target);
    const uint64_t values[6] = { args->r0, args->r1, args->r2, args->r3, args->r4, args->r5 };
    struct arch_registers registers = thread->registers;

    for (uint32_t i = 0; i < args->count; i++) {
        if (!arch_register_set(&registers, args->from + i, values[i])) {
            return ERR_RANGE;
        }
    }
    if (!is_stopped(thread)) {
        return ERR_BUSY;
    }
    thread->registers = registers;
    thread->is_sweeping = false; /* it will not restart what it did before */
    core_forget_entered(core_of(inv->core, thread->home), thread);
    return ERR_OK;
}

err_t thread_on_read_registers(struct invocation *inv,
                               const struct thread_read_registers_args *args,
                               struct thread_read_registers_results *results)
{
    struct thread *thread = thread_of(inv->target);
    uint64_t values[8] = { 0 };

    for (uint32_t i = 0; i < args->count; i++) {
        if (!arch_register_get(&thread->registers, args->from + i, &values[i])) {
            return ERR_RANGE;
        }
    }
    if (thread->state == THREAD_STATE_READY) {
        return ERR_BUSY;
    }
    *results = (struct thread_read_registers_results){ values[0], values[1], values[2], values[3],
                                                       values[4], values[5], values[6], values[7] };
    return ERR_OK;
}

err_t thread_on_resume(struct invocation *inv)
{
    struct thread *thread = thread_of(inv->target);

    if (thread->state != THREAD_STATE_INACTIVE) {
        return ERR_BUSY;
    }
    if (thread->table == NULL || thread->space == NULL) {
        return ERR_GONE;
    }
    thread_make_ready(inv->core, thread);
    return ERR_OK;
}

err_t thread_on_suspend(struct invocation *inv)
{
    struct thread *thread = thread_of(inv->target);
    bool waits = thread->state == THREAD_STATE_CALLING || thread->state == THREAD_STATE_RECEIVING ||
                 thread->state == THREAD_STATE_WAITING;

    if (thread->state == THREAD_STATE_INACTIVE) {
        return ERR_OK;
    }
    ipc_abandon(inv->core, thread);
    if (waits) {
        thread_answer(thread, ERR_CANCELLED, 0, 0);
    }
    return ERR_OK;
}

err_t thread_on_single_step(struct invocation *inv, const struct thread_single_step_args *args)
{
    struct thread *thread = thread_of(inv->target);

    if (!is_stopped(thread)) {
        return ERR_BUSY;
    }
    arch_single_step_set(&thread->registers, args->on != 0);
    return ERR_OK;
}

static void bound_gone(struct core *core, struct cap *cap)
{
    (void)core;
    thread_unbind(cap->holder);
}

err_t thread_on_bind_notification(struct invocation *inv,
                                  const struct thread_bind_notification_args *args)
{
    struct thread *thread = thread_of(inv->target);
    struct notification *notification;
    err_t err;

    if (args->notification != NULL) {
        notification = args->notification->object;
        if ((notification->bound != NULL && notification->bound != thread) ||
            !queue_is_empty(&notification->lend.from) || !queue_is_empty(&notification->plain)) {
            return ERR_BUSY;
        }
    }
    err = cap_embed(args->notification, &thread->bound_cap, thread, bound_gone);
    if (err) {
        return err;
    }
    thread_unbind(thread);
    if (args->notification == NULL) {
        return ERR_OK;
    }
    thread->bound = args->notification->object;
    notification_come_home(thread->bound, thread->home);
    thread->bound->bound = thread;
    thread->bound_mask = args->mask;
    notification_signal(inv->core, thread->bound, 0); /* bits may have waited for it */
    return ERR_OK;
}

err_t thread_on_info(struct invocation *inv, struct thread_info_results *results)
{
    const struct thread *thread = thread_of(inv->target);

    *results = (struct thread_info_results){ .state = thread->state };
    results->fault = thread->fault;
    results->rank = thread->lend.rank;
    /* Where it is and when it ran is not for all whom it lets lend to it. */
    if (inv->target->rights & RIGHT_MANAGE) {
        results->address = thread->fault_address;
        results->ip = thread->registers.ip;
        results->switches = thread->switches;
    }
    return ERR_OK;
}
