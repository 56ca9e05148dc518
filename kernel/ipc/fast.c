/* SPDX-License-Identifier: MIT */
/*
 * The fast paths of a call and of its reply. Each does the whole job of ipc_call() or ipc_reply_receive() for
 * the common case, or returns false with nothing changed: no capability moves, the other side waits, and the context that
 * runs goes over to it. What makes that so is for the greater part in two marks (ipc/fast.h).
 * The hardware layer has these paths in its entry code, with the words left in their registers; it asks and changes exactly the same.
 * This is what the entry of kernel/arch/host calls, and no other: what tests run, with the object graph checked.
 * Budget: no loop but for the words of a pinned buffer, and for the timer queue if a deadline comes before all that the timer is
 * armed for; no allocation, no user memory.
 */
#include <stddef.h>

#include "deliver.h"
#include "ipc/deadline.h"
#include "words.h"

/* No capability, nothing in the bits above, and buffers for what does not fit the registers. */
static inline bool can_copy(msg_info_t info, const struct thread *from, const struct thread *to)
{
    return info <= MSG_INFO(0xffff, MSG_REGISTER_WORDS, 0) ||
           (info <= MSG_INFO(0xffff, MSG_WORDS_MAX, 0) && from->buffer != NULL &&
            to->buffer != NULL);
}

static inline void copy(struct thread *to, const struct thread *from, msg_info_t info)
{
    uint32_t words = MSG_WORDS(info);

    to->registers.info = info;
    words_copy(to, from, words);
    if (words > MSG_REGISTER_WORDS) {
        arch_memory_copy_words(&to->buffer->words[MSG_REGISTER_WORDS],
                               &from->buffer->words[MSG_REGISTER_WORDS],
                               words - MSG_REGISTER_WORDS);
    }
}

/* The deadline of the call that the thread serves needs no care when the thread leaves the core. */
static inline bool serves_without_deadline(const struct thread *thread)
{
    const struct thread *caller = thread->serving;

    return caller == NULL || caller->deadline_ns == DEADLINE_NEVER ||
           caller->timeout.node.is_queued;
}

bool ipc_call_fast(struct core *core, struct thread *caller, uint64_t addr)
{
    msg_info_t info = caller->registers.info;
    ns_t deadline_ns = caller->registers.time;
    struct cap *cap;

    if (cap_lookup(caller->table, addr, OBJECT_ENDPOINT, RIGHT_CALL, &cap) || core->must_dispatch) {
        return false;
    }
    struct endpoint *endpoint = cap->object;
    struct thread *server = endpoint->waiter;

    if (server == NULL || !core_is_same(core, server->home) ||
        caller->lend.rank <= endpoint->lend.rank ||
        lend_key(&server->lend) < lend_key(&caller->lend) || /* it has better time of its own */
        !serves_without_deadline(caller) || !can_copy(info, caller, server) ||
        MSG_LABEL(info) >= MSG_LABEL_FAULT) {
        return false;
    }
    if (caller->serving != NULL && caller->serving->deadline_ns < deadline_ns) {
        deadline_ns = caller->serving->deadline_ns;
    }

    /* Point of no return. */
    caller->deadline_ns = deadline_ns;
    if (deadline_ns < core->armed_ns) {
        deadline_queue(core, caller);
    }
    caller->state = THREAD_STATE_CALLING;
    caller->call_is_fault = false;
    serve_only(endpoint, caller, server);
    server->registers.op = ERR_OK;
    server->registers.time = cap->badge;
    server->registers.bits = 0;
    copy(server, caller, info);
    go_on(core, server);
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
    struct thread *caller = server->replies_to;
    msg_info_t info = server->registers.info;
    struct cap *cap;

    if (caller == NULL || cap_lookup(server->table, addr, OBJECT_ENDPOINT, RIGHT_RECEIVE, &cap) ||
        core->must_dispatch) {
        return false;
    }
    struct endpoint *endpoint = cap->object;

    if (!would_wait(endpoint, server) || !can_copy(info, server, caller)) {
        return false;
    }

    /* Point of no return. */
    deadline_cancel(core, caller);
    server->deadline_ns = DEADLINE_NEVER;
    server->wait_mask = server->registers.bits;
    server->receiving_on = endpoint;
    endpoint->waiter = server;
    server->state = THREAD_STATE_RECEIVING;
    server->serving = NULL;
    serve_end_only(caller, server);
    caller->served_by = NULL;
    caller->registers.op = ERR_OK;
    caller->registers.time = 0;
    caller->registers.bits = 0;
    copy(caller, server, info);
    go_on(core, caller);
    return true;
}
