/* SPDX-License-Identifier: MIT */
/*
 * The fast paths of a call and of its reply. Each does the whole job of ipc_call() or ipc_reply_receive() for
 * the common case, or returns false with nothing changed: the message fits in the registers, the other side
 * waits, the context that runs goes over to it, and no timer event has to be queued or taken out.
 * Budget: no loop, no allocation, no user memory, no clock.
 */
#include <stddef.h>

#include "ipc/deadline.h"
#include "ipc/fast.h"
#include "sched/sched.h"
#include "words.h"

/* At most 8 words, no capability, nothing in the bits above. */
static inline bool fits_registers(msg_info_t info)
{
    return info <= MSG_INFO(0xffff, MSG_REGISTER_WORDS, 0);
}

/* The best context that reaches the thread stays, or becomes, the one that runs. */
static inline bool would_run(const struct core *core, const struct thread *thread)
{
    const struct sched_context *own = thread->lend.top;

    return own == NULL || own->priority <= core->charged->priority;
}

/* The deadline of the call that the thread serves needs no care when the thread leaves the core or takes it. */
static inline bool serves_without_deadline(const struct thread *thread)
{
    const struct thread *caller = thread->serving;

    return caller == NULL || caller->deadline_ns == DEADLINE_NEVER ||
           caller->timeout.node.is_queued;
}

static inline void resume(struct core *core, struct thread *thread)
{
    thread->state = THREAD_STATE_READY;
    core->current = thread;
    core_enter_thread(core, thread);
}

bool ipc_call_fast(struct core *core, struct thread *caller, uint64_t addr)
{
    msg_info_t info = caller->registers.info;
    ns_t deadline_ns = caller->registers.time;
    struct cap *cap;

    if (cap_lookup(caller->table, addr, OBJECT_ENDPOINT, RIGHT_CALL, &cap) ||
        !fits_registers(info) || MSG_LABEL(info) >= MSG_LABEL_FAULT || core->must_dispatch) {
        return false;
    }
    struct endpoint *endpoint = cap->object;
    struct thread *server = endpoint->server;

    if (server == NULL || !core_is_same(core, server->home) || server->receiving_on != endpoint ||
        caller->lend.rank <= endpoint->lend.rank || !queue_is_empty(&server->lend.from) ||
        server->timeout.node.is_queued || !would_run(core, server) ||
        !serves_without_deadline(caller)) {
        return false;
    }
    if (caller->serving != NULL && caller->serving->deadline_ns < deadline_ns) {
        deadline_ns = caller->serving->deadline_ns;
    }
    if (deadline_ns < core->armed_ns && deadline_ns != DEADLINE_NEVER) {
        return false;
    }

    /* Point of no return. */
    caller->state = THREAD_STATE_CALLING;
    caller->deadline_ns = deadline_ns;
    caller->call_badge = cap->badge;
    caller->call_rights = cap->rights;
    caller->call_is_fault = false;
    caller->served_by = server;
    caller->lend.to = &server->lend;
    queue_insert_only(&server->lend.from, &caller->lend.node, lend_key(&caller->lend));
    server->lend.top = core->charged;
    server->lend.key = caller->lend.key;
    server->serving = caller;
    server->caller_is_gone = false;
    server->receiving_on = NULL;
    server->registers.op = ERR_OK;
    server->registers.info = info;
    server->registers.time = cap->badge;
    server->registers.bits = 0;
    words_copy(server, caller, MSG_WORDS(info));
    resume(core, server);
    return true;
}

/* Nothing that the server's receive would find at once. */
static inline bool would_wait(const struct endpoint *endpoint, const struct thread *server)
{
    return endpoint->server == server && core_is_same(endpoint->home, server->home) &&
           endpoint_is_idle(endpoint) && server->registers.time == DEADLINE_NEVER &&
           (server->bound == NULL ||
            (server->bound->bits & server->bound_mask & server->registers.bits) == 0);
}

bool ipc_reply_receive_fast(struct core *core, struct thread *server, uint64_t addr)
{
    struct thread *caller = server->serving;
    msg_info_t info = server->registers.info;
    struct cap *cap;

    if (caller == NULL || cap_lookup(server->table, addr, OBJECT_ENDPOINT, RIGHT_RECEIVE, &cap) ||
        !fits_registers(info) || core->must_dispatch) {
        return false;
    }
    struct endpoint *endpoint = cap->object;

    if (!would_wait(endpoint, server) || caller->call_is_fault ||
        !serves_without_deadline(caller) || caller->lend.top != core->charged ||
        caller->timeout.node.is_queued ||
        !queue_holds_only(&server->lend.from, &caller->lend.node)) {
        return false;
    }
    struct sched_context *own = server->context;

    /* Point of no return. */
    server->deadline_ns = DEADLINE_NEVER;
    server->wait_mask = server->registers.bits;
    server->receiving_on = endpoint;
    server->state = THREAD_STATE_RECEIVING;
    server->serving = NULL;
    queue_remove_only(&server->lend.from, &caller->lend.node);
    lend_top_set(&server->lend, own != NULL && own->has_time ? own : NULL);
    caller->lend.to = NULL;
    caller->served_by = NULL;
    caller->registers.op = ERR_OK;
    caller->registers.info = info;
    caller->registers.time = 0;
    caller->registers.bits = 0;
    words_copy(caller, server, MSG_WORDS(info));
    resume(core, caller);
    return true;
}
