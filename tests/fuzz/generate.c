/* SPDX-License-Identifier: MIT */
/*
 * Random steps: see generate.h. The generator looks into the machine, as an attacker with a debugger
 * would, so that most calls name capabilities that exist, slots that are free, threads that are stopped. One
 * in some stays wrong on purpose.
 */
#include "generate.h"

#include <stddef.h>
#include <string.h>

#include "arch_host/machine.h"
#include "core/core.h"
#include "mm/vspace.h"
#include "object/device_objects.h"
#include "object/ipc_objects.h"
#include "object/sched_context.h"
#include "object/vspace.h"

enum {
    WRONG_PERCENT = 3,   /* arguments that are not even nearly right */
    SUBTREE_SPARED = 40, /* larger subtrees are rarely revoked */
    SLOTS_SPARED = 24,   /* the first slots, with what the root thread started with */
};

static const uint64_t addresses[] = {
    0x1000,         0x400000,       0x5ff000,          0x600000,       0x3fffe000,
    0x40000000,     0x7fc0000000,   0x8000000000,      0x10000000000,  0x7fffffffe000,
    0x7ffffffff000, 0x7fffffe00000, 0xffff800000000000, 0x7fffc0000000,
};
static const uint8_t priorities[] = { 1, 10, 15, 16, 50, 100, 100, 100, 200, 255 };

/* --- Picking things ------------------------------------------------------------------------------ */

typedef bool (*wish)(const struct cap *cap, const struct thread *caller);

static bool any(const struct cap *cap, const struct thread *caller)
{
    (void)cap;
    (void)caller;
    return true;
}

static struct thread *thread_of(const struct cap *cap)
{
    return cap->object;
}

static bool is_stopped(const struct cap *cap, const struct thread *caller)
{
    (void)caller;
    return thread_of(cap)->state == THREAD_STATE_INACTIVE;
}

static bool can_resume(const struct cap *cap, const struct thread *caller)
{
    return is_stopped(cap, caller) && thread_of(cap)->table != NULL &&
           thread_of(cap)->space != NULL;
}

static bool needs_table(const struct cap *cap, const struct thread *caller)
{
    return is_stopped(cap, caller) && !can_resume(cap, caller);
}

static bool has_no_context(const struct cap *cap, const struct thread *caller)
{
    (void)caller;
    return thread_of(cap)->context == NULL;
}

static bool is_below(const struct cap *cap, const struct thread *caller)
{
    return ((const struct endpoint *)cap->object)->lend.rank < caller->lend.rank &&
           (cap->rights & RIGHT_CALL);
}

static bool is_served_here(const struct cap *cap, const struct thread *caller)
{
    const struct endpoint *endpoint = cap->object;

    return (cap->rights & RIGHT_RECEIVE) &&
           (endpoint->server == caller ||
            (endpoint->server == NULL && endpoint->lend.rank >= caller->lend.rank));
}

static bool is_unconfigured(const struct cap *cap, const struct thread *caller)
{
    (void)caller;
    return ((const struct sched_context *)cap->object)->core == NULL;
}

static bool is_unbound(const struct cap *cap, const struct thread *caller)
{
    const struct sched_context *context = cap->object;

    (void)caller;
    return context->core != NULL && context->owner == NULL;
}

static bool holds_a_call(const struct cap *cap, const struct thread *caller)
{
    (void)caller;
    return ((const struct reply *)cap->object)->caller != NULL;
}

static bool is_empty_reply(const struct cap *cap, const struct thread *caller)
{
    return !holds_a_call(cap, caller);
}

static bool is_detached(const struct cap *cap, const struct thread *caller)
{
    (void)caller;
    return cap->run.space == NULL;
}

static bool has_room(const struct cap *cap, const struct thread *caller)
{
    (void)caller;
    return cap->run.size_bytes - cap->run.used_bytes >= 16384 || cap->first_child == NULL;
}

static bool is_device(const struct cap *cap, const struct thread *caller)
{
    (void)caller;
    return cap->run.is_device;
}

static bool is_served(const struct cap *cap, const struct thread *caller)
{
    return is_below(cap, caller) && ((const struct endpoint *)cap->object)->server != NULL;
}

static bool is_claimed_port(const struct cap *cap, const struct thread *caller)
{
    (void)caller;
    return ((const struct io_port *)cap->object)->count != 0;
}

static bool is_free_irq(const struct cap *cap, const struct thread *caller)
{
    (void)caller;
    return !((const struct irq *)cap->object)->is_claimed;
}

static bool is_claimed_irq(const struct cap *cap, const struct thread *caller)
{
    return !is_free_irq(cap, caller);
}

static bool is_unbound_notification(const struct cap *cap, const struct thread *caller)
{
    (void)caller;
    return ((const struct notification *)cap->object)->bound == NULL;
}

static uint32_t slot_any(struct random *random, const struct cap_table *table)
{
    return random_below(random, table->slot_count);
}

/* A slot with a capability of the type that is as wished, or 0. */
static uint32_t pick_as(struct random *random, const struct thread *caller, uint32_t type,
                        wish wanted)
{
    struct cap_table *table = caller->table;
    uint32_t start = slot_any(random, table);

    for (uint32_t i = 0; i < table->slot_count; i++) {
        uint32_t at = (start + i) & (table->slot_count - 1);

        if (at != 0 && cap_slot(table, at)->type == type && wanted(cap_slot(table, at), caller)) {
            return at;
        }
    }
    return 0;
}

static uint32_t pick(struct random *random, const struct thread *caller, uint32_t type,
                     wish wanted)
{
    uint32_t at = random_chance(random, 90) ? pick_as(random, caller, type, wanted) : 0;

    return at != 0 ? at : pick_as(random, caller, type, any);
}

static uint32_t pick_empty(struct random *random, struct cap_table *table, uint32_t count)
{
    uint32_t start = slot_any(random, table);
    uint32_t length = 0;

    for (uint32_t i = 0; i < 2 * table->slot_count; i++) {
        uint32_t at = (start + i) & (table->slot_count - 1);

        length = at != 0 && cap_slot(table, at)->type == OBJECT_NONE ? length + 1 : 0;
        if (length == count) {
            return at - count + 1;
        }
    }
    return slot_any(random, table);
}

static uint32_t pick_full(struct random *random, struct cap_table *table)
{
    uint32_t start = slot_any(random, table);

    for (uint32_t i = 0; i < table->slot_count; i++) {
        uint32_t at = (start + i) & (table->slot_count - 1);

        if (at != 0 && cap_slot(table, at)->type != OBJECT_NONE) {
            return at;
        }
    }
    return slot_any(random, table);
}

static uint64_t pick_address(struct random *random)
{
    uint64_t base = addresses[random_below(random, random_chance(random, 90)
                                                       ? 4
                                                       : sizeof(addresses) / sizeof(addresses[0]))];

    return base + random_below(random, 24) * 4096ull;
}

static ns_t pick_deadline(struct random *random)
{
    if (random_below(random, 300) == 0) {
        return DEADLINE_NEVER;
    }
    return host_time() + random_below(random, random_chance(random, 50) ? 3000 : 300000);
}

static ns_t pick_deadline_as(struct random *random, const struct habits *habits)
{
    if (random_chance(random, habits->lasting_percent)) {
        return host_time() + random_below(random, 3000000);
    }
    return pick_deadline(random);
}

static uint64_t strange(struct random *random)
{
    uint64_t value = random64(random);

    switch (random_below(random, 4)) {
    case 0:
        return value;
    case 1:
        return value >> random_below(random, 64);
    case 2:
        return 1ull << random_below(random, 64);
    default:
        return ~0ull - random_below(random, 3);
    }
}

/* --- Methods ------------------------------------------------------------------------------------- */

struct making {
    struct random *random;
    struct habits *habits;
    struct thread *caller;
    const struct fuzz_op *op;
    struct step *step;
};

static bool is_op(const struct making *making, const char *name)
{
    return strcmp(making->op->name, name) == 0;
}

static struct cap_table *table_at(const struct making *making, uint64_t slot)
{
    struct cap_table *table = making->caller->table;

    if (slot != 0 && slot < table->slot_count &&
        cap_slot(table, (uint32_t)slot)->type == OBJECT_CAP_TABLE) {
        return cap_slot(table, (uint32_t)slot)->object;
    }
    return table;
}

static uint64_t retype_size(struct random *random, uint64_t type)
{
    switch (type) {
    case OBJECT_UNTYPED:
        return 4096ull << random_below(random, 7);
    case OBJECT_FRAME:
        return (1 + random_below(random, 6)) << 8 |
               (random_chance(random, 96) ? 0 : random_below(random, 3));
    case OBJECT_PAGE_TABLE:
        return 1 + random_below(random, 6);
    case OBJECT_CAP_TABLE:
        return 4 + random_below(random, 4);
    case OBJECT_THREAD:
        return random_below(random, 16) | random_below(random, 2) << 8;
    case OBJECT_ENDPOINT:
    case OBJECT_NOTIFICATION:
        return random_below(random, 15);
    default:
        return 0;
    }
}

static uint64_t retype_type(struct random *random)
{
    static const uint8_t types[] = {
        OBJECT_UNTYPED,  OBJECT_UNTYPED,  OBJECT_FRAME,         OBJECT_FRAME,
        OBJECT_FRAME,    OBJECT_PAGE_TABLE, OBJECT_VSPACE,      OBJECT_CAP_TABLE,
        OBJECT_THREAD,   OBJECT_THREAD,   OBJECT_THREAD,        OBJECT_SCHED_CONTEXT,
        OBJECT_SCHED_CONTEXT, OBJECT_ENDPOINT, OBJECT_ENDPOINT, OBJECT_REPLY,
        OBJECT_REPLY,    OBJECT_NOTIFICATION, OBJECT_NOTIFICATION, OBJECT_TIMER,
        OBJECT_IRQ,      OBJECT_IO_PORT,
    };

    return types[random_below(random, sizeof(types))];
}

static wish wish_for_target(const struct making *making)
{
    static const struct {
        const char *name;
        wish wanted;
    } wishes[] = {
        { "untyped.retype", has_room },
        { "thread.configure", needs_table },
        { "thread.resume", can_resume },
        { "sched_context.configure", is_unconfigured },
        { "sched_context.bind", is_unbound },
        { "reply.defer", is_empty_reply },
        { "reply.adopt", holds_a_call },
        { "frame.set_cache", is_device },
        { "io_port.read", is_claimed_port },
        { "io_port.write", is_claimed_port },
        { "irq.claim_line", is_free_irq },
        { "irq.claim_msi", is_free_irq },
        { "irq.bind", is_claimed_irq },
        { "irq.ack", is_claimed_irq },
    };

    for (uint32_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++) {
        if (is_op(making, wishes[i].name)) {
            return wishes[i].wanted;
        }
    }
    return any;
}

static uint64_t make_cap(const struct making *making, const struct fuzz_arg *arg)
{
    struct random *random = making->random;

    if (arg->optional && random_chance(random, 15)) {
        return 0;
    }
    if (is_op(making, "sched_context.bind")) {
        return pick(random, making->caller, arg->type, has_no_context);
    }
    if (is_op(making, "thread.configure") && arg->type == OBJECT_CAP_TABLE &&
        random_chance(random, 60)) {
        for (uint32_t i = 1; i < making->caller->table->slot_count; i++) {
            const struct cap *cap = cap_slot(making->caller->table, i);

            if (cap->type == OBJECT_CAP_TABLE && cap->object == making->caller->table) {
                return i;
            }
        }
    }
    if (is_op(making, "vspace.add_tables") || is_op(making, "thread.set_buffer")) {
        return pick(random, making->caller, arg->type, is_detached);
    }
    return pick(random, making->caller, arg->type, any);
}

static bool is_large(const struct cap *cap)
{
    const struct cap *below = cap;

    for (uint32_t count = 0; count < SUBTREE_SPARED; count++) {
        if (below->first_child != NULL) {
            below = below->first_child;
            continue;
        }
        while (below != cap && below->next == NULL) {
            below = below->parent;
        }
        if (below == cap) {
            return false;
        }
        below = below->next;
    }
    return true;
}

static uint64_t make_victim(const struct making *making, struct cap_table *table)
{
    uint32_t at = 0;

    for (int tries = 0; tries < 8; tries++) {
        at = pick_full(making->random, table);
        if (random_below(making->random, 400) == 0 ||
            (at >= SLOTS_SPARED && at < table->slot_count && !is_large(cap_slot(table, at)))) {
            return at;
        }
    }
    return pick_empty(making->random, table, 1);
}

static uint64_t make_slot(const struct making *making, const struct fuzz_arg *arg)
{
    const uint64_t *words = making->step->words;
    struct cap_table *target = table_at(making, making->step->op >> 32);

    if (is_op(making, "untyped.retype")) {
        return pick_empty(making->random, table_at(making, words[3]), (uint32_t)words[2]);
    }
    if (strcmp(arg->name, "dst") == 0) {
        return pick_empty(making->random, target, 1);
    }
    if (strcmp(arg->name, "src") == 0 && making->habits->goes_deep &&
        making->habits->deepest != 0 && random_chance(making->random, 80)) {
        return making->habits->deepest;
    }
    if (strcmp(arg->name, "src") == 0) {
        return is_op(making, "cap_table.move") ? make_victim(making, table_at(making, words[1]))
                                               : pick_full(making->random, table_at(making, words[1]));
    }
    if (is_op(making, "cap_table.identify")) {
        return pick_full(making->random, target);
    }
    return make_victim(making, target);
}

/* Arguments of map that fit the frame named by the first. */
static uint64_t make_map_scalar(const struct making *making, const struct fuzz_arg *arg)
{
    const uint64_t *words = making->step->words;
    struct cap_table *table = making->caller->table;
    const struct cap *frame;
    uint64_t pages;
    uint64_t span;

    if (words[0] == 0 || words[0] >= table->slot_count ||
        cap_slot(table, (uint32_t)words[0])->type != OBJECT_FRAME) {
        return arg->min;
    }
    frame = cap_slot(table, (uint32_t)words[0]);
    span = pte_span(frame->run.page_class);
    pages = frame->run.size_bytes / span;
    if (strcmp(arg->name, "first") == 0) {
        return random_below(making->random, (uint32_t)pages);
    }
    if (strcmp(arg->name, "count") == 0) {
        return words[1] < pages ? 1 + random_below(making->random, (uint32_t)(pages - words[1])) : 1;
    }
    if (strcmp(arg->name, "at") == 0) {
        return pick_address(making->random) & ~(span - 1);
    }
    return random_chance(making->random, 80) ? frame->rights & random_below(making->random, 4)
                                             : random_below(making->random, 8);
}

/* Of a message buffer, up to the first place behind the frame. */
static uint64_t make_offset(const struct making *making)
{
    uint64_t at = making->step->words[0];
    struct cap_table *table = making->caller->table;

    if (at == 0 || at >= table->slot_count ||
        cap_slot(table, (uint32_t)at)->type != OBJECT_FRAME) {
        return 0;
    }
    uint64_t places = cap_slot(table, (uint32_t)at)->run.size_bytes / MSG_BUFFER_BYTES;

    return random_below(making->random, (uint32_t)places + 1) * (uint64_t)MSG_BUFFER_BYTES;
}

static uint64_t make_port(const struct making *making)
{
    uint64_t at = making->step->op >> 32;
    struct cap_table *table = making->caller->table;
    const struct io_port *port;

    if (at == 0 || at >= table->slot_count ||
        cap_slot(table, (uint32_t)at)->type != OBJECT_IO_PORT) {
        return 0;
    }
    port = cap_slot(table, (uint32_t)at)->object;
    return port->first + random_below(making->random, port->count + 2);
}

static uint64_t make_scalar(const struct making *making, const struct fuzz_arg *arg)
{
    struct random *random = making->random;
    const char *name = arg->name;
    uint64_t span = arg->max - arg->min;

    if (is_op(making, "vspace.map")) {
        return make_map_scalar(making, arg);
    }
    if (strcmp(name, "port") == 0) {
        return make_port(making);
    }
    if (is_op(making, "io_port.claim")) {
        return strcmp(name, "first") == 0 ? random_below(random, 1100) : 1 + random_below(random, 9);
    }
    if (strcmp(name, "line") == 0) {
        return random_below(random, HOST_LINES + 1);
    }

    if (is_op(making, "untyped.retype") && strcmp(name, "type") == 0) {
        return retype_type(random);
    }
    if (is_op(making, "untyped.retype") && strcmp(name, "size") == 0) {
        return retype_size(random, making->step->words[0]);
    }
    if (strcmp(name, "rights") == 0) {
        return random_chance(random, 60) ? ~0u : random_below(random, 1u << 10);
    }
    if (strcmp(name, "badge") == 0) {
        return random_chance(random, 80) ? 1ull << random_below(random, 8)
                                         : random_below(random, 256);
    }
    if (strcmp(name, "mask") == 0) {
        return random_chance(random, 60) ? ~0ull : 1ull << random_below(random, 8);
    }
    if (strcmp(name, "priority") == 0) {
        return priorities[random_below(random, sizeof(priorities))];
    }
    if (strcmp(name, "budget") == 0) {
        return 10000 + random_below(random, 40000);
    }
    if (strcmp(name, "core") == 0) {
        return random_chance(random, 97) ? 0 : random_below(random, 3);
    }
    if (strcmp(name, "period") == 0 && is_op(making, "timer.set")) {
        return random_chance(random, 50) ? 0 : 10000 + random_below(random, 100000);
    }
    if (strcmp(name, "period") == 0) {
        uint64_t budget = making->step->words[2];

        return random_chance(random, 30) ? budget : budget + random_below(random, 300000);
    }
    if (strcmp(name, "at") == 0 && is_op(making, "timer.set")) {
        return pick_deadline(random);
    }
    if (strcmp(name, "at") == 0 || strcmp(name, "from") == 0) {
        return arg->bits == 64 ? pick_address(random) : random_below(random, 20);
    }
    if (strcmp(name, "count") == 0 || strcmp(name, "first") == 0) {
        uint64_t few = arg->min + random_below(random, 4);

        return few <= arg->max ? few : arg->max;
    }
    if (strcmp(name, "offset") == 0) {
        return make_offset(making);
    }
    if (is_op(making, "thread.write_registers")) {
        return random_chance(random, 50) ? HOST_SYSCALL_IP : random64(random) >> 20;
    }
    return span == ~0ull ? random64(random) : arg->min + random64(random) % (span + 1);
}

static void make_method(struct random *random, struct habits *habits, struct thread *caller,
                        struct step *step, uint32_t method)
{
    const struct fuzz_op *op = &fuzz_ops[method];
    struct making making = { random, habits, caller, op, step };
    uint64_t target = pick(random, caller, op->type, wish_for_target(&making));

    step->method = (uint8_t)method;
    step->op = op->syscall | target << 32;
    step->info = MSG_INFO(op->label, op->arg_count, 0);
    for (uint32_t i = 0; i < op->arg_count; i++) {
        const struct fuzz_arg *arg = &op->args[i];

        if (random_chance(random, WRONG_PERCENT)) {
            step->words[i] = random_chance(random, 50) ? strange(random)
                                                       : slot_any(random, caller->table);
        } else if (arg->kind == FUZZ_CAP) {
            step->words[i] = make_cap(&making, arg);
        } else if (arg->kind == FUZZ_SLOT) {
            step->words[i] = make_slot(&making, arg);
        } else {
            step->words[i] = make_scalar(&making, arg);
        }
    }
    if (random_chance(random, WRONG_PERCENT)) {
        uint32_t label = random_below(random, 12);

        /* The machine is not switched off: nothing would come after. */
        step->info = MSG_INFO(label == MACHINE_RESTART ? 0xffffu : label, random_below(random, 9), 0);
    }
    if (random_chance(random, 1)) {
        step->op = op->syscall | strange(random) << 32;
    }
    if (is_op(&making, "cap_table.copy")) {
        habits->deepest = (uint32_t)step->words[0];
    }
    if (op->is_long && random_chance(random, habits->preempt_percent)) {
        step->preempt = (uint16_t)(1 + random_below(random, random_chance(random, 70) ? 3 : 20));
    }
}

/* Would the call put its own caller to sleep for good? Such calls are made, but rarely. */
static bool is_suicide(const struct thread *caller, const struct step *step)
{
    const struct fuzz_op *op = &fuzz_ops[step->method];
    uint64_t at = step->op >> 32;
    const void *target;

    if (at == 0 || at >= caller->table->slot_count) {
        return false;
    }
    target = cap_slot(caller->table, (uint32_t)at)->object;
    if (strcmp(op->name, "thread.suspend") == 0) {
        return target == caller;
    }
    return strcmp(op->name, "sched_context.unbind") == 0 && target == caller->context;
}

/* How often each method is chosen; those not listed: 4. */
static uint32_t weight_of(const struct fuzz_op *op)
{
    static const struct {
        const char *name;
        uint32_t weight;
    } weights[] = {
        { "untyped.retype", 40 },       { "cap_table.copy", 14 },     { "cap_table.mint", 10 },
        { "cap_table.delete", 22 },     { "cap_table.revoke", 10 },    { "thread.configure", 16 },
        { "thread.resume", 24 },        { "thread.set_buffer", 8 },   { "sched_context.bind", 16 },
        { "sched_context.configure", 16 }, { "vspace.map", 20 },      { "vspace.unmap", 8 },
        { "vspace.protect", 8 },        { "vspace.share", 8 },        { "vspace.add_tables", 8 },
        { "vspace.harvest", 6 },        { "thread.suspend", 5 },      { "reply.defer", 10 },
        { "reply.adopt", 10 },          { "machine.restart", 0 },     { "irq.claim_line", 6 },     { "machine.count", 1 },
        { "cap_table.move", 10 },       { "timer.set", 10 },          { "irq.bind", 8 },
        { "thread.set_handler", 6 },    { "endpoint.set_server", 5 }, { "endpoint.cancel", 3 },
    };

    for (uint32_t i = 0; i < sizeof(weights) / sizeof(weights[0]); i++) {
        if (strcmp(weights[i].name, op->name) == 0) {
            return weights[i].weight;
        }
    }
    return 4;
}

void generate_begin(struct random *random, struct habits *habits)
{
    static const uint8_t factors[] = { 1, 4, 4, 4, 4, 12 };
    uint32_t sum = 0;

    for (uint32_t i = 0; i < FUZZ_OPS; i++) {
        sum += weight_of(&fuzz_ops[i]) * factors[random_below(random, sizeof(factors))];
        habits->method_sums[i] = sum;
    }
    habits->plain_percent = 25 + random_below(random, 40);
    habits->preempt_percent = random_below(random, 80);
    habits->lasting_percent = random_below(random, 80);
    habits->goes_deep = random_below(random, 8) == 0;
    habits->deepest = 0;
}

static uint32_t method_any(struct random *random, const struct habits *habits)
{
    uint32_t at = random_below(random, habits->method_sums[FUZZ_OPS - 1]);
    uint32_t method = 0;

    while (habits->method_sums[method] <= at) {
        method++;
    }
    return method;
}

/* --- Messages -------------------------------------------------------------------------------------- */

static void make_message(struct random *random, struct thread *caller, struct step *step)
{
    uint32_t words = random_chance(random, 80) ? random_below(random, 9)
                     : random_chance(random, 95) ? random_below(random, 65)
                                                 : random_below(random, 256);
    uint32_t caps = random_chance(random, 70) ? 0 : random_below(random, random_chance(random, 97) ? 5 : 16);

    step->info = MSG_INFO(random_below(random, 4), words, caps);
    for (uint32_t i = 0; i < MSG_REGISTER_WORDS; i++) {
        step->words[i] = random64(random);
    }
    for (uint32_t i = 0; i < MSG_CAPS_MAX; i++) {
        struct making making = { random, NULL, caller, &fuzz_ops[0], step };

        if (random_chance(random, 30)) {
            step->send_caps[i] = (uint32_t)make_victim(&making, caller->table) | MSG_CAP_MOVE;
        } else {
            step->send_caps[i] = pick_full(random, caller->table);
        }
    }
}

static void make_slots(struct random *random, const struct thread *caller, struct step *step)
{
    uint32_t count = random_chance(random, 80) ? MSG_CAPS_MAX : random_below(random, 4);

    for (uint32_t i = 0; i < count; i++) {
        step->receive_slots[i] = pick_empty(random, caller->table, 1);
    }
}

static uint64_t make_bits(struct random *random)
{
    return random_chance(random, 70)  ? ~0ull
           : random_chance(random, 80) ? 1ull << random_below(random, 8)
                                       : 0;
}

static void make_plain(struct random *random, const struct habits *habits, struct thread *caller,
                       struct step *step)
{
    static const uint8_t numbers[] = {
        SYSCALL_CALL,    SYSCALL_CALL,   SYSCALL_CALL,   SYSCALL_CALL,          SYSCALL_RECEIVE,
        SYSCALL_RECEIVE, SYSCALL_REPLY,  SYSCALL_SIGNAL, SYSCALL_SIGNAL,        SYSCALL_WAIT,
        SYSCALL_WAIT,    SYSCALL_POLL,   SYSCALL_YIELD,  SYSCALL_REPLY_RECEIVE, SYSCALL_ABI_VERSION,
    };
    uint32_t number = numbers[random_below(random, sizeof(numbers))];
    uint32_t at = 0;

    if (caller->serving != NULL && random_chance(random, 50)) {
        number = random_chance(random, 50) ? SYSCALL_REPLY : SYSCALL_REPLY_RECEIVE;
    }
    make_message(random, caller, step);
    make_slots(random, caller, step);
    step->time = pick_deadline_as(random, habits);
    step->bits = make_bits(random);
    switch (number) {
    case SYSCALL_CALL:
        at = random_chance(random, 70) ? pick_as(random, caller, OBJECT_ENDPOINT, is_served) : 0;
        at = at != 0 ? at : pick(random, caller, OBJECT_ENDPOINT, is_below);
        break;
    case SYSCALL_RECEIVE:
    case SYSCALL_REPLY_RECEIVE:
        at = pick(random, caller, OBJECT_ENDPOINT, is_served_here);
        break;
    case SYSCALL_REPLY:
        at = random_chance(random, 70) ? 0 : pick(random, caller, OBJECT_REPLY, holds_a_call);
        break;
    case SYSCALL_WAIT:
        step->words[0] = random_chance(random, 50)
                             ? 0
                             : pick(random, caller, OBJECT_THREAD, any);
        at = pick(random, caller, OBJECT_NOTIFICATION, is_unbound_notification);
        break;
    default:
        at = pick(random, caller, OBJECT_NOTIFICATION, any);
        break;
    }
    if (random_chance(random, WRONG_PERCENT)) {
        at = slot_any(random, caller->table);
    }
    if (random_below(random, 200) == 0) {
        number = random_below(random, 256);
    }
    step->op = number | (uint64_t)at << 32;
    step->method = STEP_NO_METHOD;
}

/* --- Steps ------------------------------------------------------------------------------------------- */

static void make_hardware(struct random *random, struct step *step)
{
    switch (random_below(random, 3)) {
    case 0:
        step->kind = STEP_LINE;
        step->words[0] = random_below(random, HOST_LINES);
        step->words[1] = random_below(random, 4) != 0;
        break;
    case 1:
        step->kind = STEP_MSI;
        step->words[0] = random_chance(random, 80) ? ARCH_IRQ_VECTORS - 1 - random_below(random, 8)
                                                   : random_below(random, ARCH_IRQ_VECTORS);
        break;
    default:
        step->kind = STEP_NOTHING;
        break;
    }
}

/* A thread that nobody looks after does not come back from a fault: mostly spare it. */
static bool may_fault(struct random *random, const struct thread *caller)
{
    return caller->handler_cap.type != OBJECT_NONE || random_below(random, 200) == 0;
}

static bool would_fault(const struct thread *caller, const struct step *step)
{
    uint32_t level;
    uint64_t pte;

    if (step->words[0] >= ARCH_USER_END) {
        return true;
    }
    pte = *vspace_find(caller->space, step->words[0], &level);
    return !pte_is_present(pte) || (step->words[1] == HOST_WRITE && (pte & PTE_WRITE) == 0) ||
           (step->words[1] == HOST_EXEC && (pte & PTE_EXEC) == 0);
}

static void make_access(struct random *random, const struct thread *caller, struct step *step)
{
    bool faults = may_fault(random, caller);

    for (int tries = 0; tries < 8 && step->kind != STEP_ACCESS; tries++) {
        step->words[0] = pick_address(random) + random_below(random, 4096);
        step->words[1] = 1u << random_below(random, 3);
        if (faults || !would_fault(caller, step)) {
            step->kind = STEP_ACCESS;
        }
    }
}

static ns_t make_time(struct random *random)
{
    const struct core *core = host_core(0);
    ns_t armed_ns = host_time_armed(core);

    if (core->current == NULL && armed_ns != DEADLINE_NEVER) {
        return armed_ns > host_time() ? armed_ns - host_time() : 0;
    }
    return random_chance(random, 80)  ? random_below(random, 1000)
           : random_chance(random, 90) ? random_below(random, 20000)
                                       : random_below(random, 400000);
}

void generate_step(struct random *random, struct habits *habits, struct step *step)
{
    struct thread *caller = host_core(0)->current;
    uint32_t kind = random_below(random, 100);

    *step = (struct step){ .kind = STEP_NOTHING, .method = STEP_NO_METHOD };
    step->after_ns = make_time(random);
    if (random_chance(random, habits->preempt_percent / 2)) {
        step->preempt = (uint16_t)(1 + random_below(random, 6));
    }
    if (step->preempt != 0 && random_chance(random, 30)) {
        step->after_ns += 30000; /* who is interrupted does not always go on at once */
    }
    if (caller == NULL || kind < 3) {
        make_hardware(random, step);
    } else if (host_is_restarting(caller)) {
        step->kind = STEP_RESTART;
    } else if (kind < 12) {
        make_access(random, caller, step);
    } else if (kind < 14 && may_fault(random, caller)) {
        step->kind = STEP_FAULT;
        step->words[0] = 1 + random_below(random, 12);
        step->words[1] = random64(random);
    } else {
        step->kind = STEP_SYSCALL;
        step->time = DEADLINE_NEVER;
        if (random_chance(random, habits->plain_percent)) {
            make_plain(random, habits, caller, step);
        } else {
            make_method(random, habits, caller, step, method_any(random, habits));
            if (is_suicide(caller, step) && random_chance(random, 97)) {
                step->kind = STEP_NOTHING;
            }
        }
    }
}
