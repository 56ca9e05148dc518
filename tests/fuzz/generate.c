/* SPDX-License-Identifier: MIT */
/*
 * Random steps: see generate.h. The generator looks into the machine, as an attacker with a debugger
 * would, so that most calls name capabilities that exist, slots that are free, threads that are
 * stopped. One in some stays wrong on purpose.
 * Size: one function per kind of step and of argument; apart they mean little.
 */
#include "generate.h"

#include <stddef.h>
#include <string.h>

#include "arch_host/machine.h"
#include "arguments.h"
#include "core/core.h"
#include "mm/vspace.h"
#include "pick.h"

enum { WRONG_PERCENT = 3 }; /* arguments that are not even nearly right */

static void make_method(struct random *random, struct habits *habits, struct thread *caller,
                        struct step *step, uint32_t method)
{
    const struct fuzz_op *op = &fuzz_ops[method];
    struct making making = { random, habits, caller, op, step };
    uint64_t target = making_digs(&making)
                          ? own_table(caller)
                          : pick(random, caller, op->type, wish_for_target(&making));

    step->method = (uint8_t)method;
    step->op = op->syscall | target << 32;
    step->info = MSG_INFO(op->label, op->arg_count, 0);
    for (uint32_t i = 0; i < op->arg_count; i++) {
        const struct fuzz_arg *arg = &op->args[i];

        if (random_chance(random, WRONG_PERCENT)) {
            step->words[i] =
                random_chance(random, 50) ? strange(random) : slot_any(random, caller->table);
        } else {
            step->words[i] = make_argument(&making, arg);
        }
    }
    if (random_chance(random, WRONG_PERCENT)) {
        uint32_t label = random_below(random, 12);

        /* The machine is not switched off: nothing would come after. */
        step->info =
            MSG_INFO(label == MACHINE_RESTART ? 0xffffu : label, random_below(random, 9), 0);
    }
    if (random_chance(random, 1)) {
        step->op = op->syscall | strange(random) << 32;
    }
    if (is_op(&making, "cap_table.copy") && step->words[1] == target) {
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
        { "untyped.retype", 40 },
        { "cap_table.copy", 14 },
        { "cap_table.mint", 10 },
        { "cap_table.mint_pages", 10 },
        { "cap_table.delete", 22 },
        { "cap_table.revoke", 10 },
        { "thread.configure", 16 },
        { "thread.resume", 24 },
        { "thread.set_buffer", 16 },
        { "thread.set_foreign", 10 },
        { "sched_context.bind", 16 },
        { "sched_context.configure", 16 },
        { "sched_context.set_spare", 8 },
        { "sched_context.add", 12 },
        { "sched_context.remove", 3 },
        { "vspace.map", 20 },
        { "vspace.unmap", 8 },
        { "vspace.protect", 8 },
        { "vspace.share", 8 },
        { "vspace.add_tables", 8 },
        { "vspace.harvest", 6 },
        { "thread.suspend", 5 },
        { "reply.defer", 10 },
        { "reply.adopt", 10 },
        { "machine.restart", 0 },
        { "irq.claim_line", 6 },
        { "machine.count", 1 },
        { "cap_table.move", 10 },
        { "timer.set", 10 },
        { "irq.bind", 8 },
        { "irq.set_band", 6 },
        { "irq.set_core", 4 },
        { "thread.set_handler", 6 },
        { "endpoint.set_server", 5 },
        { "endpoint.cancel", 3 },
        { "io_space.add_tables", 8 },
        { "io_space.map", 16 },
        { "io_space.unmap", 6 },
        { "io_space.attach", 10 },
        { "io_space.detach", 5 },
    };

    for (uint32_t i = 0; i < sizeof(weights) / sizeof(weights[0]); i++) {
        if (strcmp(weights[i].name, op->name) == 0) {
            return weights[i].weight;
        }
    }
    return 4;
}

void generate_begin(struct random *random, struct habits *habits, uint32_t cores)
{
    static const uint8_t factors[] = { 1, 4, 4, 4, 4, 12 };
    uint32_t sum = 0;

    habits->goes_deep = random_below(random, 8) == 0;
    for (uint32_t i = 0; i < FUZZ_OPS; i++) {
        sum += weight_of(&fuzz_ops[i]) * factors[random_below(random, sizeof(factors))];
        if (habits->goes_deep && fuzz_ops[i].label == CAP_TABLE_COPY &&
            fuzz_ops[i].type == OBJECT_CAP_TABLE) {
            sum += 600;
        }
        habits->method_sums[i] = sum;
    }
    habits->plain_percent = 25 + random_below(random, 40);
    habits->preempt_percent = random_below(random, 80);
    habits->lasting_percent = random_below(random, 80);
    habits->deepest = 0;
    habits->late_percent = random_below(random, 80);
    habits->cores = (uint8_t)(cores != 0 ? cores : 1 + random_below(random, ARCH_CORES));
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
    uint32_t words = random_chance(random, 80)   ? random_below(random, 9)
                     : random_chance(random, 95) ? random_below(random, 65)
                                                 : random_below(random, 256);
    uint32_t caps = random_chance(random, 70)
                        ? 0
                        : random_below(random, random_chance(random, 50)   ? 2
                                               : random_chance(random, 95) ? 5
                                                                           : 16);

    step->info = MSG_INFO(random_below(random, 4), words, caps);
    for (uint32_t i = 0; i < MSG_REGISTER_WORDS; i++) {
        step->words[i] = random64(random);
    }
    for (uint32_t i = 0; i < MSG_CAPS_MAX; i++) {
        if (random_chance(random, 30)) {
            step->send_caps[i] = (uint32_t)pick_victim(random, caller->table) | MSG_CAP_MOVE;
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
    return random_chance(random, 70)   ? ~0ull
           : random_chance(random, 80) ? 1ull << random_below(random, 8)
                                       : 0;
}

static void make_plain(struct random *random, const struct habits *habits, struct thread *caller,
                       struct step *step)
{
    static const uint8_t numbers[] = {
        SYSCALL_CALL,    SYSCALL_CALL,  SYSCALL_CALL,   SYSCALL_CALL,          SYSCALL_RECEIVE,
        SYSCALL_RECEIVE, SYSCALL_REPLY, SYSCALL_SIGNAL, SYSCALL_SIGNAL,        SYSCALL_WAIT,
        SYSCALL_WAIT,    SYSCALL_POLL,  SYSCALL_YIELD,  SYSCALL_REPLY_RECEIVE, SYSCALL_ABI_VERSION,
    };
    uint32_t number = numbers[random_below(random, sizeof(numbers))];
    uint32_t at = 0;

    /* Low ranks serve, high ranks call. */
    if (random_chance(random, 40)) {
        number = random_below(random, 16) < caller->lend.rank ? SYSCALL_CALL : SYSCALL_RECEIVE;
    }
    if (caller->serving != NULL && random_chance(random, 50)) {
        number = random_chance(random, 50) ? SYSCALL_REPLY : SYSCALL_REPLY_RECEIVE;
    }
    make_message(random, caller, step);
    make_slots(random, caller, step);
    step->time = pick_deadline_as(random, habits);
    if (number == SYSCALL_RECEIVE || number == SYSCALL_REPLY_RECEIVE) {
        step->time += random_below(random, 1000000); /* servers are patient */
        step->time = random_chance(random, 15) ? DEADLINE_NEVER : step->time;
    }
    step->bits = make_bits(random);
    switch (number) {
    case SYSCALL_CALL:
        at = random_chance(random, 30)
                 ? pick_as(random, caller, OBJECT_ENDPOINT, is_served_elsewhere)
                 : 0;
        at = at == 0 && random_chance(random, 70)
                 ? pick_as(random, caller, OBJECT_ENDPOINT, is_served)
                 : at;
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
        step->words[0] =
            random_chance(random, 50) ? 0 : pick(random, caller, OBJECT_THREAD, wish_any);
        at = pick(random, caller, OBJECT_NOTIFICATION, is_unbound_notification);
        break;
    default:
        at = pick(random, caller, OBJECT_NOTIFICATION, wish_any);
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

static void make_message_signal(struct random *random, struct step *step)
{
    uint32_t class =
        random_chance(random, 50) ? ARCH_IRQ_CLASSES - 1 : random_below(random, ARCH_IRQ_CLASSES);
    uint32_t vector = random_chance(random, 80)
                          ? (class + 1) * ARCH_IRQ_CLASS_VECTORS - 1 - random_below(random, 4)
                          : random_below(random, ARCH_IRQ_VECTORS);
    uint32_t owner = host_msi_source(vector);

    step->kind = STEP_MSI;
    step->words[0] = vector;
    step->words[1] =
        owner != HOST_NO_SOURCE && random_chance(random, 80) ? owner : pick_source(random);
}

/* A space that a device can use; NULL: there is none. */
static const struct io_space *io_space_used(struct random *random)
{
    const struct dma *dma = &host_core(0)->machine->dma;
    uint32_t start = random_below(random, HOST_DOMAINS);

    for (uint32_t i = 0; i < HOST_DOMAINS; i++) {
        const struct io_space *io = dma->domains[(start + i) % HOST_DOMAINS];

        if (io != NULL && io->space.frames != NULL) {
            return io;
        }
    }
    return NULL;
}

/* Mostly where something is, or was. */
static void make_dma(struct random *random, struct step *step)
{
    const struct io_space *io = io_space_used(random);

    step->kind = STEP_DMA;
    step->words[0] = pick_source(random);
    step->words[1] = pick_address(random) + random_below(random, 4096);
    step->words[2] = random_below(random, 2);
    if (io != NULL && random_chance(random, 80)) {
        const struct memory_run *run = &io->space.frames->run;
        uint64_t bytes = run->high > run->low ? run->high - run->low : 1;

        step->words[0] = io->sources[random_below(random, io->source_count)].id;
        step->words[1] = run->low + random64(random) % bytes;
    }
}

static void make_hardware(struct random *random, struct step *step)
{
    switch (random_below(random, 5)) {
    case 0:
        step->kind = STEP_LINE;
        step->words[0] = random_below(random, HOST_LINES);
        step->words[1] = random_below(random, 4) != 0;
        break;
    case 1:
        make_message_signal(random, step);
        break;
    case 2:
    case 3:
        make_dma(random, step);
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

/* If all cores idle, the time until the first of them is woken; else false. */
static bool time_until_woken(ns_t *wait_ns)
{
    ns_t first_ns = DEADLINE_NEVER;

    for (uint32_t i = 0; i < host_core_count(); i++) {
        const struct core *core = host_core(i);
        ns_t armed_ns = host_interrupt_waits(core) ? 0 : host_time_armed(core);

        if (core->current != NULL) {
            return false;
        }
        first_ns = armed_ns < first_ns ? armed_ns : first_ns;
    }
    *wait_ns = first_ns > host_time() ? first_ns - host_time() : 0;
    return !steps_are_over();
}

static ns_t make_time(struct random *random)
{
    ns_t wait_ns;

    if (time_until_woken(&wait_ns)) {
        return wait_ns;
    }
    return random_chance(random, 80)   ? random_below(random, 1000)
           : random_chance(random, 90) ? random_below(random, 20000)
                                       : random_below(random, 400000);
}

/* Mostly one that has something to do. */
static uint8_t make_core(struct random *random, const struct habits *habits)
{
    uint32_t core = random_below(random, habits->cores);

    if (host_core(core)->current == NULL && random_chance(random, 90)) {
        core = (core + 1) % habits->cores;
    }
    return (uint8_t)core;
}

void generate_step(struct random *random, struct habits *habits, struct step *step)
{
    uint8_t core = make_core(random, habits);
    struct thread *caller = host_core(core)->current;
    uint32_t kind = random_below(random, 100);

    *step = (struct step){ .kind = STEP_NOTHING, .method = STEP_NO_METHOD, .core = core };
    step->late = random_chance(random, habits->late_percent);
    if (host_interrupt_waits(host_core(core))) {
        return; /* it takes what waits, and nobody knows yet who will go on */
    }
    step->after_ns = make_time(random);
    if (random_chance(random, habits->preempt_percent / 2)) {
        step->preempt = (uint16_t)(1 + random_below(random, 6));
    }
    if (step->preempt != 0 && random_chance(random, 30)) {
        step->after_ns += 30000; /* who is interrupted does not always go on at once */
    }
    if (caller == NULL || kind < 6) {
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
        step->in_shim = random_chance(random, caller->native_start == 0 ? 10 : 85);
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
