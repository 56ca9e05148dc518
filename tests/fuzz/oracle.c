/* SPDX-License-Identifier: MIT */
/* What a system call must answer: see oracle.h. */
#include "oracle.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "arch_host/machine.h"
#include "core/core.h"
#include "object/device_objects.h"
#include "object/ipc_objects.h"
#include "object/sched_context.h"

/* --- The errors that every call shares, in the order of abi/idl ---------------------------------- */

static const struct cap *slot_of(struct cap_table *table, uint64_t addr)
{
    if (addr == 0 || addr >= table->slot_count) {
        return NULL;
    }
    const struct cap *cap = cap_slot(table, (uint32_t)addr);

    return cap->type == OBJECT_NONE ? NULL : cap;
}

static err_t lookup(struct cap_table *table, uint64_t addr, uint32_t type, uint32_t rights)
{
    const struct cap *cap = slot_of(table, addr);

    if (cap == NULL) {
        return ERR_BAD_CAP;
    }
    if (cap->type != type) {
        return ERR_WRONG_TYPE;
    }
    return (cap->rights & rights) == rights ? ERR_OK : ERR_NO_RIGHT;
}

static bool in_range(const struct fuzz_arg *arg, uint64_t value)
{
    return value >= arg->min && value <= arg->max;
}

static err_t arguments(struct cap_table *table, const struct fuzz_op *op, const uint64_t *words)
{
    for (uint32_t i = 0; i < op->arg_count; i++) {
        if (op->args[i].kind != FUZZ_CAP && !in_range(&op->args[i], words[i])) {
            return ERR_RANGE;
        }
    }
    for (uint32_t i = 0; i < op->arg_count; i++) {
        const struct fuzz_arg *arg = &op->args[i];
        err_t err;

        if (arg->kind != FUZZ_CAP || (arg->optional && words[i] == 0)) {
            continue;
        }
        err = lookup(table, words[i], arg->type, arg->rights);
        if (err) {
            return err;
        }
    }
    return ERR_OK;
}

static const struct fuzz_op *method_find(uint32_t type, uint32_t label)
{
    for (uint32_t i = 0; i < FUZZ_OPS; i++) {
        if (fuzz_ops[i].type == type && fuzz_ops[i].label == label) {
            return &fuzz_ops[i];
        }
    }
    return NULL;
}

/* Ports: within what the object claimed. */
static err_t port_error(const struct cap *target, const uint64_t *words)
{
    const struct io_port *port = target->object;
    uint64_t width = words[1];

    return (width == 1 || width == 2 || width == 4) && words[0] >= port->first &&
                   words[0] + width <= (uint64_t)port->first + port->count
               ? ERR_OK
               : ERR_RANGE;
}

static bool may_move(const struct thread *thread)
{
    return thread->state == THREAD_STATE_INACTIVE && thread->serving == NULL &&
           thread->deferred == NULL && thread->endpoints == NULL &&
           queue_is_empty(&thread->lend.from);
}

static err_t group_error(const struct sched_context *group, const struct sched_context *member,
                         uint32_t label)
{
    if (label == SCHED_CONTEXT_REMOVE) {
        return member->group == group ? ERR_OK : ERR_GONE;
    }
    if (group->core == NULL || member->core != group->core || group == member) {
        return ERR_RANGE;
    }
    return group->owner != NULL || group->group != NULL || member->group != NULL ||
                   member->members != 0
               ? ERR_BUSY
               : ERR_OK;
}

/* Contexts: who may own one, and where. */
static err_t context_error(struct cap_table *table, const struct cap *target, uint32_t label,
                           const uint64_t *words)
{
    const struct sched_context *context = target->object;
    const struct cap *named = slot_of(table, words[0]);
    uint64_t budget = words[2];
    uint64_t period = words[3];

    if (label == SCHED_CONTEXT_BIND) {
        const struct thread *thread = named->object;

        if (context->owner != NULL || thread->context != NULL || context->members != 0) {
            return ERR_BUSY;
        }
        if (context->core == NULL) {
            return ERR_RANGE;
        }
        return context->core == thread->home || may_move(thread) ? ERR_OK : ERR_BUSY;
    }
    if (label == SCHED_CONTEXT_ADD || label == SCHED_CONTEXT_REMOVE) {
        return group_error(context, named->object, label);
    }
    if (label != SCHED_CONTEXT_CONFIGURE) {
        return ERR_OK;
    }
    if (budget < 10000 || period < budget || period > 3600000000000u) {
        return ERR_RANGE;
    }
    if ((context->owner != NULL || context->group != NULL || context->members != 0) &&
        words[4] != context->core->number) {
        return ERR_BUSY;
    }
    if (words[4] >= host_core_count()) {
        return ERR_RANGE;
    }
    return words[1] > named->badge ? ERR_NO_RIGHT : ERR_OK;
}

static err_t method_error(struct cap_table *table, const struct cap *target,
                          const struct step *step)
{
    const struct fuzz_op *op = method_find(target->type, MSG_LABEL(step->info));

    if (op == NULL) {
        return ERR_BAD_CALL;
    }
    if ((target->rights & op->right) != op->right) {
        return ERR_NO_RIGHT;
    }
    if (MSG_WORDS(step->info) < op->arg_count) {
        return ERR_BAD_CALL;
    }
    err_t err = arguments(table, op, step->words);

    if (!err && target->type == OBJECT_IO_PORT && op->label != IO_PORT_CLAIM) {
        err = port_error(target, step->words);
    } else if (!err && target->type == OBJECT_SCHED_CONTEXT) {
        err = context_error(table, target, op->label, step->words);
    }
    return err;
}

static err_t call_error(const struct thread *caller, const struct cap *target,
                        const struct step *step)
{
    const struct endpoint *endpoint = target->object;

    if (!(target->rights & RIGHT_CALL)) {
        return ERR_NO_RIGHT;
    }
    if (caller->lend.rank <= endpoint->lend.rank) {
        return ERR_WOULD_DEADLOCK;
    }
    return MSG_WORDS(step->info) > MSG_WORDS_MAX || MSG_CAPS(step->info) > MSG_CAPS_MAX ? ERR_RANGE
                                                                                        : ERR_OK;
}

static err_t common_error(struct thread *caller, const struct step *step)
{
    uint64_t addr = step->op >> 32;
    const struct cap *target = slot_of(caller->table, addr);

    switch (step->op & 0xffu) {
    case SYSCALL_CALL:
        if (target == NULL) {
            return ERR_BAD_CAP;
        }
        return target->type == OBJECT_ENDPOINT ? call_error(caller, target, step)
                                               : method_error(caller->table, target, step);
    case SYSCALL_METHOD:
        return target == NULL ? ERR_BAD_CAP : method_error(caller->table, target, step);
    case SYSCALL_RECEIVE:
        if (caller->serving != NULL) {
            return ERR_BUSY;
        }
        return lookup(caller->table, addr, OBJECT_ENDPOINT, RIGHT_RECEIVE);
    case SYSCALL_REPLY_RECEIVE:
        return lookup(caller->table, addr, OBJECT_ENDPOINT, RIGHT_RECEIVE);
    case SYSCALL_REPLY:
        if (addr == 0) {
            return caller->serving != NULL  ? ERR_OK
                   : caller->caller_is_gone ? ERR_CALLER_GONE
                                            : ERR_NO_CALL;
        }
        return lookup(caller->table, addr, OBJECT_REPLY, RIGHT_MANAGE);
    case SYSCALL_SIGNAL:
        return lookup(caller->table, addr, OBJECT_NOTIFICATION, RIGHT_SIGNAL);
    case SYSCALL_WAIT:
    case SYSCALL_POLL:
        return lookup(caller->table, addr, OBJECT_NOTIFICATION, RIGHT_WAIT);
    case SYSCALL_YIELD:
    case SYSCALL_ABI_VERSION:
        return ERR_OK;
    default:
        return ERR_BAD_CALL;
    }
}

/* --- Messages ------------------------------------------------------------------------------------ */

static void message_read(struct oracle_message *message, const struct thread *from,
                         const struct step *step)
{
    message->word_count = MSG_WORDS(step->info);
    message->label_and_words = step->info & 0xffffffu;
    for (uint32_t i = 0; i < message->word_count; i++) {
        message->words[i] = i < MSG_REGISTER_WORDS ? step->words[i]
                            : from->buffer != NULL ? from->buffer->words[i]
                                                   : 0;
    }
}

/* A call to a server that waits at the endpoint is there when the kernel returns, or is refused. */
static void foresee_call(const struct thread *caller, const struct cap *target,
                         const struct step *step, struct oracle *oracle)
{
    struct thread *server = ((const struct endpoint *)target->object)->server;
    uint32_t words = MSG_WORDS(step->info);
    uint32_t caps = MSG_CAPS(step->info);
    bool is_away = server != NULL && server->home != caller->home;

    if (server == NULL || server->receiving_on != target->object || (is_away && caps != 0)) {
        return;
    }
    if ((words > MSG_REGISTER_WORDS || caps != 0) &&
        (caller->buffer == NULL || (words > MSG_REGISTER_WORDS && server->buffer == NULL))) {
        oracle->error = is_away ? ERR_OK : ERR_NO_BUFFER; /* which is told later */
        return;
    }
    if (caps != 0) {
        if (!(target->rights & RIGHT_GRANT)) {
            oracle->error = ERR_NO_RIGHT;
        } else {
            oracle->knows_error = false;
        }
        return;
    }
    oracle->message.to = server;
    oracle->message.badge = target->badge;
    oracle->message.caller = host_core_count() > 1 ? caller : NULL;
    message_read(&oracle->message, caller, step);
}

static void foresee_reply(const struct thread *server, const struct step *step,
                          struct oracle *oracle)
{
    struct thread *caller = server->serving;
    uint32_t words = MSG_WORDS(step->info);

    oracle->knows_error = false; /* words or capabilities may be refused */
    if (caller == NULL || caller->call_is_fault || MSG_CAPS(step->info) != 0 ||
        words > MSG_WORDS_MAX ||
        (words > MSG_REGISTER_WORDS && (server->buffer == NULL || caller->buffer == NULL))) {
        return;
    }
    oracle->message.to = caller;
    oracle->message.badge = 0;
    message_read(&oracle->message, server, step);
}

void oracle_foresee(const struct step *step, struct thread *caller, struct oracle *oracle)
{
    const struct cap *target = slot_of(caller->table, step->op >> 32);

    *oracle = (struct oracle){ .knows_error = true, .op = step->op };
    oracle->error = common_error(caller, step);
    if (oracle->error) {
        return;
    }
    if ((step->op & 0xffu) == SYSCALL_CALL && target->type == OBJECT_CAP_TABLE &&
        (MSG_LABEL(step->info) == CAP_TABLE_DELETE || MSG_LABEL(step->info) == CAP_TABLE_REVOKE)) {
        oracle->slot = step->words[0];
        oracle->is_delete = MSG_LABEL(step->info) == CAP_TABLE_DELETE;
        oracle->table = target->object;
    }
    oracle->knows_error = false;
    if ((step->op & 0xffu) == SYSCALL_CALL && target->type == OBJECT_ENDPOINT) {
        oracle->knows_error = true;
        foresee_call(caller, target, step, oracle);
        oracle->knows_error = oracle->knows_error && oracle->error != ERR_OK;
    } else if ((step->op & 0xffu) == SYSCALL_REPLY && step->op >> 32 == 0) {
        foresee_reply(caller, step, oracle);
    }
}

/* --- Afterwards ---------------------------------------------------------------------------------- */

static bool message_came(const struct oracle_message *message, const char **why)
{
    const struct thread *to = message->to;
    const struct thread *caller = message->caller;
    static char text[160];
    uint32_t i = 0;

    if (caller != NULL) {
        if (caller->is_away && caller->served_by == NULL) {
            (void)host_interrupts_deliver(to->home);
        }
        if (caller->served_by != to) {
            return true; /* what the core runs is more important, or others came first */
        }
    }
    while (i < message->word_count &&
           message->words[i] ==
               (i < MSG_REGISTER_WORDS ? to->registers.words[i] : to->buffer->words[i])) {
        i++;
    }
    if (i == message->word_count && to->registers.op == ERR_OK &&
        (to->registers.info & 0xffffffu) == message->label_and_words &&
        to->registers.time == message->badge) {
        return true;
    }
    snprintf(
        text, sizeof(text),
        "a message of %u words came wrong: word %u, error %u, info %#llx, badge %#llx, not %#llx",
        message->word_count, i, (unsigned)to->registers.op, (unsigned long long)to->registers.info,
        (unsigned long long)to->registers.time, (unsigned long long)message->badge);
    *why = text;
    return false;
}

/* A slot that was deleted is empty; one that was revoked has no descendants and can be used again. */
static bool slot_is_done(const struct oracle *oracle, const struct thread *caller)
{
    const struct cap *target =
        caller->table != NULL ? slot_of(caller->table, oracle->op >> 32) : NULL;

    if (target == NULL || target->type != OBJECT_CAP_TABLE || target->object != oracle->table) {
        return true; /* the table went with the rest */
    }
    const struct cap *cap = slot_of(target->object, oracle->slot);

    return cap == NULL ||
           (!oracle->is_delete && cap->first_child == NULL && !(cap->flags & CAP_FROZEN));
}

bool oracle_agrees(const struct oracle *oracle, const struct thread *caller, const char **why)
{
    static char text[120];

    if (oracle->knows_error && caller != NULL &&
        (caller->state != THREAD_STATE_READY || host_is_restarting(caller) ||
         caller->registers.op != (uint64_t)oracle->error)) {
        snprintf(text, sizeof(text), "the call should return error %u, but left state %u, error %u",
                 (unsigned)oracle->error, caller->state, (unsigned)caller->registers.op);
        *why = text;
        return false;
    }
    if (oracle->slot != 0 && caller != NULL && !host_is_restarting(caller) &&
        caller->registers.op == ERR_OK && !slot_is_done(oracle, caller)) {
        *why = "a slot that was deleted or revoked is not as it should be";
        return false;
    }
    return oracle->message.to == NULL || message_came(&oracle->message, why);
}
