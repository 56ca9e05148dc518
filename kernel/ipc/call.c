/* SPDX-License-Identifier: MIT */
/* Calls and faults, from the side of the one who waits. */
#include <stddef.h>

#include "away.h"
#include "core/print.h"
#include "deliver.h"
#include "ipc/deadline.h"
#include "ipc/fast.h"
#include "sched/sched.h"

/* A fault message: kind, address, instruction and stack pointer, detail. */
static void deliver_fault(const struct thread *caller, struct thread *server)
{
    server->registers.words[0] = caller->fault;
    server->registers.words[1] = caller->fault_address;
    server->registers.words[2] = caller->registers.ip;
    server->registers.words[3] = caller->registers.sp;
    server->registers.words[4] = caller->fault_detail;
    for (uint32_t i = 5; i < MSG_REGISTER_WORDS; i++) {
        server->registers.words[i] = 0;
    }
    server->registers.info = MSG_INFO(MSG_LABEL_FAULT, 5, 0);
}

err_t deliver_call(struct thread *caller, struct thread *server)
{
    if (caller->call_is_fault) {
        deliver_fault(caller, server);
    } else {
        msg_info_t info = caller->registers.info;
        err_t err =
            message_transfer(caller, server, &info, (caller->call_rights & RIGHT_GRANT) != 0);

        if (err) {
            return err;
        }
        server->registers.info = info;
    }
    server->registers.op = ERR_OK;
    server->registers.time = caller->call_badge;
    server->registers.bits = 0;
    return ERR_OK;
}

void serve_begin(struct core *core, struct thread *caller, struct thread *server)
{
    caller->served_by = server;
    server->serving = caller;
    server->caller_is_gone = false;
    caller->is_away = !core_is_same(caller->home, server->home);
    if (!caller->is_away) {
        lend_attach(core, &caller->lend, &server->lend);
        replies_to_mark(caller, server);
    }
}

void receive_end(struct core *core, struct thread *server)
{
    waiter_unmark(server->receiving_on);
    server->receiving_on = NULL;
    deadline_cancel(core, server);
}

bool waits_at(const struct thread *server, const struct endpoint *endpoint)
{
    return server != NULL && server->state == THREAD_STATE_RECEIVING &&
           server->receiving_on == endpoint;
}

/*
 * The caller stops being able to run and its server goes on. If the server's best context is the
 * one that runs now, it takes over the core as it is: no queue, no clock.
 */
void hand_over(struct core *core, struct thread *server)
{
    if (core->current != NULL) {
        deadline_cover(core, core->current);
    }
    if (server->lend.top == core->charged && core->charged != NULL && !core->must_dispatch) {
        server->state = THREAD_STATE_READY;
        core->current = server;
        core_enter_thread(core, server);
    } else {
        thread_make_ready(core, server);
    }
}

/* The common case: nothing reaches the server but what runs now. What must be so beside is in the mark. */
static bool can_go_over(const struct core *core, const struct endpoint *endpoint,
                        const struct thread *caller, const struct thread *server)
{
    return endpoint->waiter == server && caller == core->current &&
           caller->lend.top == core->charged && !core->must_dispatch &&
           lend_key(&server->lend) >= lend_key(&caller->lend) &&
           core_is_same(caller->home, server->home);
}

static void enqueue(struct core *core, struct endpoint *endpoint, struct thread *caller)
{
    endpoint_enqueue(core, endpoint, caller);
    if (caller->deadline_ns != DEADLINE_NEVER) {
        deadline_queue(core, caller);
    }
}

/* The caller's message and call_* fields are set; state too. Nothing can be refused any more but by delivery. */
static err_t call_begin(struct core *core, struct endpoint *endpoint, struct thread *caller,
                        enum thread_state state)
{
    struct thread *server = endpoint->server;

    if (ARCH_CORES > 1 && !core->has_all && endpoint->home != core) {
        call_depart(core, endpoint, caller, state);
        return ERR_OK;
    }
    if (!waits_at(server, endpoint)) {
        caller->state = (uint8_t)state;
        thread_unready(core, caller);
        enqueue(core, endpoint, caller);
        return ERR_OK;
    }
    err_t err = deliver_call(caller, server);

    if (err) {
        return err;
    }
    caller->state = (uint8_t)state;
    if (can_go_over(core, endpoint, caller, server)) {
        serve_only(endpoint, caller, server);
        deadline_cover(core, caller);
        go_on(core, server);
        return ERR_OK;
    }
    receive_end(core, server);
    if (caller != core->current) {
        thread_unready(core, caller);
    }
    serve_begin(core, caller, server);
    hand_over(core, server);
    if (core->current == caller) {
        core->must_dispatch = true;
    }
    return ERR_OK;
}

err_t ipc_call(struct core *core, struct thread *caller, struct cap *target)
{
    struct endpoint *endpoint = target->object;
    ns_t deadline_ns = caller->registers.time;

    if (!(target->rights & RIGHT_CALL)) {
        return ERR_NO_RIGHT;
    }
    if (caller->lend.rank <= endpoint->lend.rank) {
        return ERR_WOULD_DEADLOCK;
    }
    if (MSG_WORDS(caller->registers.info) > MSG_WORDS_MAX ||
        MSG_CAPS(caller->registers.info) > MSG_CAPS_MAX ||
        MSG_LABEL(caller->registers.info) >= MSG_LABEL_FAULT) {
        return ERR_RANGE;
    }
    if (call_gives_up(core, endpoint, caller->registers.info)) {
        return KERNEL_RESTART;
    }
    if (caller->serving != NULL && caller->serving->deadline_ns < deadline_ns) {
        deadline_ns = caller->serving->deadline_ns;
    }
    caller->deadline_ns = deadline_ns;
    caller->call_badge = target->badge;
    caller->call_rights = target->rights;
    caller->call_is_fault = false;
    err_t err = call_begin(core, endpoint, caller, THREAD_STATE_CALLING);

    if (!err && (core->has_all || !caller->is_away) && caller->served_by != NULL &&
        deadline_ns != DEADLINE_NEVER && (deadline_ns < core->armed_ns || core->must_dispatch)) {
        deadline_queue(core, caller);
    }
    return err;
}

static _Noreturn void root_faulted(const struct thread *thread)
{
    print_decimal("The root program faulted and has no handler: kind ", thread->fault);
    print_hex(" (abi.md, enum fault), address 0x", thread->fault_address, 1);
    print_hex(", instruction 0x", thread->registers.ip, 1);
    print_text("\n");
    arch_panic("the root program cannot go on", __FILE__, __LINE__);
}

void ipc_fault(struct core *core, struct thread *thread, const struct arch_fault *fault)
{
    struct endpoint *endpoint =
        thread->handler_cap.type != OBJECT_NONE ? thread->handler_cap.object : NULL;

    if (endpoint != NULL && call_gives_up(core, endpoint, 0)) {
        return;
    }
    thread->fault = (uint8_t)fault->kind;
    thread->fault_address = fault->address;
    thread->fault_detail = fault->detail;
    if (endpoint == NULL) {
        if (thread == core->machine->root_thread) {
            root_faulted(thread);
        }
        thread->state = THREAD_STATE_INACTIVE;
        thread_unready(core, thread);
        return;
    }
    thread->deadline_ns = DEADLINE_NEVER;
    thread->call_badge = thread->handler_cap.badge;
    thread->call_is_fault = true;
    err_t err = call_begin(core, endpoint, thread, THREAD_STATE_FAULTED);

    assert(!err); /* a fault carries nothing that could be refused */
}
