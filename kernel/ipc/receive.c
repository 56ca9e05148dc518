/* SPDX-License-Identifier: MIT */
/* Receiving and replying, from the side of the server. */
#include <stddef.h>

#include "away.h"
#include "deliver.h"
#include "ipc/deadline.h"
#include "ipc/fast.h"
#include "ipc/homes.h"
#include "object/timer.h"
#include "sched/sched.h"
#include "words.h"

/* So many callers whose message cannot be delivered are refused in one kernel entry. */
#define REFUSALS_MAX 8

static bool take_notified(struct core *core, struct thread *server)
{
    struct notification *bound = server->bound;
    uint64_t bits;

    if (bound == NULL) {
        return false;
    }
    bits = bound->bits & server->bound_mask & server->registers.bits;
    if (bits == 0) {
        return false;
    }
    bits = notification_take(core, bound, bits);
    thread_answer(server, ERR_OK, MSG_INFO(MSG_LABEL_NOTIFIED, 0, 0), bits);
    words_clear(server);
    server->bits_were_last = true;
    return true;
}

void call_end(struct core *core, struct thread *caller, bool goes_on)
{
    if (ARCH_CORES > 1 && is_out_of_reach(core, caller)) {
        call_return(core, caller, goes_on);
        return;
    }
    ipc_cut(core, caller);
    if (goes_on) {
        thread_make_ready(core, caller);
    }
}

/* The first queued caller that can be delivered. True: the server has a call. */
static bool take_queued(struct core *core, struct endpoint *endpoint, struct thread *server)
{
    for (int refused = 0; !endpoint_is_idle(endpoint); refused++) {
        struct thread *caller = endpoint_first(endpoint);

        if (refused == REFUSALS_MAX || (refused > 0 && (arch_interrupt_pending(core) ||
                                                        must_not_go_on(core, server, endpoint)))) {
            /* The reply, if there was one, has been sent: what is left to do is to receive. */
            server->registers.op = (server->registers.op & ~0xffull) | SYSCALL_RECEIVE;
            arch_syscall_restart(&server->registers);
            return true;
        }
        err_t err = deliver_call(caller, server);

        if (err) {
            ARCH_CORES > 1 ? call_refuse(core, caller, err) : ipc_fail(core, caller, err);
            continue;
        }
        if (ARCH_CORES > 1) {
            endpoint->lender_was_last = caller->plain_on == NULL;
        }
        endpoint_dequeue(core, endpoint, caller);
        serve_begin(core, caller, server);
        server->bits_were_last = false;
        return true;
    }
    return false;
}

/* Errors that depend on the server's side only; binds the endpoint if it has no server yet. */
static err_t receive_check(struct core *core, struct thread *server, uint64_t addr, bool replies,
                           struct endpoint **found)
{
    struct cap *cap;
    err_t err = cap_lookup(server->table, addr, OBJECT_ENDPOINT, RIGHT_RECEIVE, &cap);

    if (err) {
        return err;
    }
    struct endpoint *endpoint = cap->object;

    if (receive_gives_up(core, server, endpoint, replies)) {
        return KERNEL_RESTART;
    }
    if (endpoint->server == NULL) {
        if (server->lend.rank > endpoint->lend.rank) {
            return ERR_WOULD_DEADLOCK;
        }
        endpoint_server_set(core, endpoint, server);
    } else if (endpoint->server != server) {
        return ERR_BUSY;
    }
    endpoint_come_home(endpoint, server->home);
    *found = endpoint;
    return ERR_OK;
}

/* Nothing is served. The deadline and mask are in the registers. Errors: TIMED_OUT (nothing is there, and there is no time to wait). */
static err_t receive_begin(struct core *core, struct endpoint *endpoint, struct thread *server)
{
    /* By turns, so that neither who signals without end nor who calls without end keeps the other out. */
    if ((server->bits_were_last && take_queued(core, endpoint, server)) ||
        take_notified(core, server) || take_queued(core, endpoint, server)) {
        return ERR_OK;
    }
    if (deadline_is_past(server)) {
        return ERR_TIMED_OUT;
    }
    server->deadline_ns = server->registers.time;
    server->wait_mask = server->registers.bits;
    server->receiving_on = endpoint;
    server->state = THREAD_STATE_RECEIVING;
    endpoint_come_home(endpoint, server->home); /* those that kept it elsewhere were refused */
    waiter_mark(endpoint, server);
    thread_unready(core, server);
    if (server->deadline_ns != DEADLINE_NEVER) {
        deadline_queue(core, server);
    }
    return ERR_OK;
}

err_t ipc_receive(struct core *core, struct thread *server, uint64_t addr)
{
    struct endpoint *endpoint;
    err_t err;

    if (server->serving != NULL) {
        return ERR_BUSY;
    }
    err = receive_check(core, server, addr, false, &endpoint);
    if (err) {
        return err;
    }
    server->caller_is_gone = false;
    return receive_begin(core, endpoint, server);
}

static err_t send(struct thread *server, struct thread *caller)
{
    msg_info_t info = server->registers.info;
    err_t err = message_transfer(server, caller, &info, true);

    if (!err) {
        thread_answer(caller, ERR_OK, info, 0);
    }
    return err;
}

/*
 * Writes the reply into the caller's registers and lets it go on. What cannot be delivered is an
 * error to the server, and the caller waits on.
 */
static err_t answer(struct core *core, struct thread *server, struct thread *caller)
{
    if (caller->call_is_fault) {
        call_end(core, caller, MSG_LABEL(server->registers.info) == 0);
        return ERR_OK;
    }
    err_t err = send(server, caller);

    if (!err) {
        call_end(core, caller, true);
    }
    return err;
}

static err_t answer_deferred(struct core *core, struct thread *server, struct reply *reply)
{
    struct thread *caller = reply->caller;

    if (caller != NULL) {
        return answer(core, server, caller);
    }
    if (reply->caller_is_gone) {
        reply->caller_is_gone = false;
        return ERR_CALLER_GONE;
    }
    return ERR_NO_CALL;
}

static err_t answer_served(struct core *core, struct thread *server)
{
    if (server->serving != NULL) {
        return answer(core, server, server->serving);
    }
    if (server->caller_is_gone) {
        server->caller_is_gone = false;
        return ERR_CALLER_GONE;
    }
    return ERR_NO_CALL;
}

err_t ipc_reply(struct core *core, struct thread *server, uint64_t addr)
{
    struct reply *reply = NULL;
    struct cap *cap;

    if (addr != 0) {
        err_t err = cap_lookup(server->table, addr, OBJECT_REPLY, 0, &cap);

        if (err) {
            return err;
        }
        reply = cap->object;
    }
    if (reply_gives_up(core, server, reply)) {
        return KERNEL_RESTART;
    }
    return reply == NULL ? answer_served(core, server) : answer_deferred(core, server, reply);
}

/*
 * The common case of the loop of a server: it holds a call on whose time it runs, and nobody is
 * queued. The caller takes over the core as it is.
 */
static void reply_and_wait(struct core *core, struct endpoint *endpoint, struct thread *server)
{
    struct thread *caller = server->serving;

    server->serving = NULL;
    caller->served_by = NULL;
    deadline_cancel(core, caller);
    server->deadline_ns = server->registers.time;
    server->wait_mask = server->registers.bits;
    server->receiving_on = endpoint;
    server->state = THREAD_STATE_RECEIVING;
    if (queue_holds_only(&server->lend.from, &caller->lend.node)) {
        serve_end_only(caller, server);
    } else {
        lend_detach(core, &caller->lend);
        /* Set by the change of the server's top; the caller has it now. */
        core->must_dispatch = false;
    }
    waiter_mark(endpoint, server);
    deadline_cover(core, caller);
    go_on(core, caller);
    if (server->deadline_ns != DEADLINE_NEVER) {
        deadline_queue(core, server);
    }
}

static bool can_reply_and_wait(struct core *core, const struct endpoint *endpoint,
                               const struct thread *server)
{
    const struct thread *caller = server->serving;

    return caller != NULL && (!caller->call_is_fault || MSG_LABEL(server->registers.info) == 0) &&
           !core->must_dispatch && caller->lend.top == core->charged &&
           endpoint_is_idle(endpoint) && !deadline_is_past(server) &&
           (server->bound == NULL ||
            (server->bound->bits & server->bound_mask & server->registers.bits) == 0);
}

err_t ipc_reply_receive(struct core *core, struct thread *server, uint64_t addr)
{
    struct endpoint *endpoint;
    err_t err = receive_check(core, server, addr, true, &endpoint);

    if (err) {
        return err;
    }
    if (can_reply_and_wait(core, endpoint, server)) {
        err = server->serving->call_is_fault ? ERR_OK : send(server, server->serving);
        if (!err) {
            reply_and_wait(core, endpoint, server);
        }
        return err;
    }
    if (server->serving != NULL || server->caller_is_gone) {
        err = answer_served(core, server);
        if (err) {
            return err;
        }
    }
    return receive_begin(core, endpoint, server);
}
