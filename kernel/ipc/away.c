/* SPDX-License-Identifier: MIT */
/*
 * Calls that go to another core and come back. From call_depart() on the call is_away: what it says, what is answered, and its place in the queue
 * are the other core's; what reaches the caller changes with all locks only, until it has come back.
 */
#include "away.h"

#include <stddef.h>

#include "core/inbox.h"
#include "deliver.h"
#include "ipc/deadline.h"
#include "words.h"

void call_depart(struct core *core, struct endpoint *endpoint, struct thread *caller,
                 enum thread_state state)
{
    caller->state = (uint8_t)state;
    thread_unready(core, caller);
    if (caller->deadline_ns != DEADLINE_NEVER) {
        deadline_queue(core, caller);
    }
    caller->is_away = true;
    inbox_call(caller, endpoint);
}

void ipc_call_arrives(struct core *core, struct thread *caller)
{
    struct endpoint *endpoint = caller->plain_on;
    struct thread *server = endpoint->server;
    err_t err;

    caller->plain_on = NULL;
    if (!waits_at(server, endpoint)) {
        endpoint_enqueue(core, endpoint, caller);
        return;
    }
    err = deliver_call(caller, server);
    if (err) {
        call_refuse(core, caller, err);
        return;
    }
    receive_end(core, server);
    serve_begin(core, caller, server);
    hand_over(core, server);
}

void call_return(struct core *core, struct thread *caller, bool goes_on)
{
    if (caller->served_by != NULL) {
        caller->served_by->serving = NULL;
        caller->served_by = NULL;
    } else if (caller->held_by != NULL) {
        reply_release(caller->held_by);
    } else if (caller->plain_on != NULL) {
        endpoint_dequeue(core, caller->plain_on, caller);
    }
    inbox_back(caller, goes_on);
}

void call_refuse(struct core *core, struct thread *caller, err_t err)
{
    if (!is_out_of_reach(core, caller)) {
        ipc_fail(core, caller, err);
        return;
    }
    words_clear(caller);
    caller->registers.op = (uint64_t)err;
    caller->registers.info = 0;
    caller->registers.time = 0;
    caller->registers.bits = 0;
    call_return(core, caller, true);
}
