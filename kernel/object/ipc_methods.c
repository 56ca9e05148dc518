/* SPDX-License-Identifier: MIT */
/* The methods of endpoints, reply objects and scheduling contexts (abi/idl/kernel.idl). */
#include <stddef.h>

#include "ipc/deadline.h"
#include "ipc/ipc.h"
#include "kernel_gen/methods.h"
#include "object/sched_context.h"
#include "object/thread_life.h"
#include "sched/sched.h"

#define CANCEL_MAX 64u

err_t endpoint_on_set_server(struct invocation *inv, const struct endpoint_set_server_args *args)
{
    struct endpoint *endpoint = inv->target->object;
    struct thread *server = args->thread != NULL ? args->thread->object : NULL;

    if (server != NULL && server->lend.rank > endpoint->lend.rank) {
        return ERR_WOULD_DEADLOCK;
    }
    endpoint_server_set(inv->core, endpoint, server);
    return ERR_OK;
}

err_t endpoint_on_cancel(struct invocation *inv, struct endpoint_cancel_results *results)
{
    struct endpoint *endpoint = inv->target->object;

    results->cancelled = 0;
    while (results->cancelled < CANCEL_MAX &&
           endpoint_fail_first(inv->core, endpoint, ERR_CANCELLED)) {
        results->cancelled++;
        if (arch_interrupt_pending(inv->core)) {
            break;
        }
    }
    return ERR_OK;
}

err_t reply_on_defer(struct invocation *inv)
{
    struct reply *reply = inv->target->object;
    struct thread *server = inv->caller;
    struct thread *caller = server->serving;

    if (caller == NULL) {
        bool was_gone = server->caller_is_gone;

        server->caller_is_gone = false;
        return was_gone ? ERR_CALLER_GONE : ERR_NO_CALL;
    }
    if (reply->caller != NULL) {
        return ERR_BUSY;
    }
    server->serving = NULL;
    caller->served_by = NULL;
    caller->held_by = reply;
    reply->home = server->home;
    reply->caller = caller;
    reply->caller_is_gone = false;
    reply->server = server;
    reply->previous_deferred = NULL;
    reply->next_deferred = server->deferred;
    if (server->deferred != NULL) {
        server->deferred->previous_deferred = reply;
    }
    server->deferred = reply;
    lend_detach(inv->core, &caller->lend);
    if (caller->deadline_ns != DEADLINE_NEVER && !caller->timeout.node.is_queued) {
        deadline_queue(inv->core, caller);
    }
    return ERR_OK;
}

err_t reply_on_adopt(struct invocation *inv)
{
    struct reply *reply = inv->target->object;
    struct thread *server = inv->caller;
    struct thread *caller = reply->caller;

    if (caller == NULL) {
        bool was_gone = reply->caller_is_gone;

        reply->caller_is_gone = false;
        return was_gone ? ERR_CALLER_GONE : ERR_NO_CALL;
    }
    if (server->serving != NULL) {
        return ERR_BUSY;
    }
    if (caller->lend.rank <= server->lend.rank) {
        return ERR_WOULD_DEADLOCK;
    }
    reply_release(reply);
    serve_begin(inv->core, caller, server);
    return ERR_OK;
}

err_t sched_context_on_configure(struct invocation *inv,
                                 const struct sched_context_configure_args *args)
{
    struct sched_context *context = inv->target->object;
    const struct machine *machine = inv->core->machine;

    if (args->budget < SCHED_BUDGET_MIN_NS || args->period < args->budget ||
        args->period > SCHED_PERIOD_MAX_NS) {
        return ERR_RANGE;
    }
    /* Its owner would have to go along, wherever it is in a call; and so would its group. */
    if ((context->owner != NULL || context->group != NULL || context->members != 0) &&
        args->core != context->core->number) {
        return ERR_BUSY;
    }
    if (args->core >= machine->core_count) {
        return ERR_RANGE;
    }
    if (args->priority > args->machine->badge) {
        return ERR_NO_RIGHT;
    }
    context_configure(machine->cores[args->core % ARCH_CORES], context, (uint8_t)args->priority,
                      args->budget, args->period);
    return ERR_OK;
}

err_t sched_context_on_set_spare(struct invocation *inv,
                                 const struct sched_context_set_spare_args *args)
{
    struct sched_context *context = inv->target->object;

    if (args->spare > context->base) {
        return ERR_RANGE; /* so it is if the context is not configured */
    }
    if (context->core != NULL) {
        context_set_spare(context, (uint8_t)args->spare);
    }
    return ERR_OK;
}

err_t sched_context_on_bind(struct invocation *inv, const struct sched_context_bind_args *args)
{
    struct sched_context *context = inv->target->object;
    struct thread *thread = args->thread->object;
    err_t err;

    if (context->owner != NULL || thread->context != NULL || context->members != 0) {
        return ERR_BUSY;
    }
    if (context->core == NULL) {
        return ERR_RANGE;
    }
    err = cap_may_derive(args->thread);
    if (err) {
        return err;
    }
    if (ARCH_CORES > 1 && !thread_move(inv->core, thread, context->core)) {
        return ERR_BUSY;
    }
    return context_bind(inv->core, context, args->thread);
}

err_t sched_context_on_unbind(struct invocation *inv)
{
    struct sched_context *context = inv->target->object;

    if (context->owner == NULL) {
        return ERR_GONE;
    }
    context_unbind(inv->core, context);
    return ERR_OK;
}

err_t sched_context_on_add(struct invocation *inv, const struct sched_context_add_args *args)
{
    struct sched_context *group = inv->target->object;
    struct sched_context *member = args->member->object;
    err_t err;

    if (group->core == NULL || member->core != group->core || member == group) {
        return ERR_RANGE;
    }
    if (group->owner != NULL || group->group != NULL || member->group != NULL ||
        member->members != 0) {
        return ERR_BUSY;
    }
    err = cap_may_derive(inv->target);
    if (err) {
        return err;
    }
    return group_add(group, inv->target, member);
}

err_t sched_context_on_remove(struct invocation *inv, const struct sched_context_remove_args *args)
{
    struct sched_context *member = args->member->object;

    if (member->group != inv->target->object) {
        return ERR_GONE;
    }
    group_leave(inv->core, member);
    return ERR_OK;
}

err_t sched_context_on_info(struct invocation *inv, struct sched_context_info_results *results)
{
    struct sched_context *context = inv->target->object;
    ns_t now_ns = arch_now();

    if (context->core != NULL) {
        context_charge(core_of(inv->core, context->core), now_ns);
    }
    results->used = context->used_ns;
    results->remaining = context_remaining(context, now_ns);
    results->priority = context->base;
    results->budget = context->budget_ns;
    results->period = context->period_ns;
    return ERR_OK;
}
