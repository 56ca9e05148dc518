/* SPDX-License-Identifier: MIT */
/*
 * Places and who stands there. Must stay true: a place is free only when nothing of its last process is left: its
 * memory is back, its sessions have a new epoch, its file is closed.
 */
#include "process.h"

#include "pith/debug.h"
#include "pith/format.h"
#include "pith/kernel_calls.h"
#include "pith/object.h"
#include "pith/self.h"
#include "pith/start.h"
#include "pith/string.h"
#include "system/protocol.h"

#include "abi/names.h"

#define WARDEN_NS (20 * NS_PER_MS) /* it answers at once, but may be on its way back */
#define RETRY_NS (1 * NS_PER_MS)
#define LIMIT_NS (5 * NS_PER_MS) /* how often times are looked at */

static cap_addr_t cap_of(uint32_t number, const char *what)
{
    char name[PROGRAM_NAME_BYTES];

    (void)format(name, sizeof(name), "%u:%s", number, what);
    return self_cap(name);
}

/* Interfaces are those of the first child: all have the same. */
static void interfaces_find(void)
{
    const struct program_info *program = self()->program;

    for (uint32_t i = 0; i < program->cap_count; i++) {
        const char *name = program->caps[i].name;

        if (strncmp(name, "0:", 2) == 0 && strcmp(name + 2, "context") != 0 &&
            strcmp(name + 2, "events") != 0 && strcmp(name + 2, "faults") != 0 &&
            manager.interface_count < INTERFACES_MAX) {
            memcpy(manager.interfaces[manager.interface_count++], name + 2, PROGRAM_NAME_BYTES - 2);
        }
    }
}

static err_t child_init(struct child *child, uint32_t number)
{
    const struct program_info *program = self()->program;
    uint64_t used, remaining;
    uint32_t priority;

    child->group = program->first_child_context + number * (1u + program->child_threads);
    child->number = number;
    child->context = cap_of(number, "context");
    child->events = cap_of(number, "events");
    child->faults = cap_of(number, "faults");
    err_t err = sched_context_info(child->group, &used, &remaining, &priority, &child->budget_ns,
                                   &child->period_ns);

    child->budget_most_ns = child->budget_ns;
    if (err == ERR_OK) {
        err = object_create(OBJECT_ENDPOINT, self()->program->child_rank, &child->endpoint);
    }
    return err;
}

err_t children_init(void)
{
    manager.warden = self_cap("children");
    manager.child_count = self()->program->child_count;
    if (manager.child_count == 0 || manager.child_count > CHILDREN_MAX) {
        return ERR_NO_ENTRY;
    }
    interfaces_find();
    err_t err = pool_init();

    for (uint32_t i = 0; err == ERR_OK && i < manager.child_count; i++) {
        err = child_init(&manager.children[i], i);
    }
    return err;
}

struct child *child_of_pid(uint64_t pid)
{
    for (uint32_t i = 0; i < manager.child_count; i++) {
        struct child *child = &manager.children[i];

        if (child->record != NULL && child->record->pid == pid) {
            return child;
        }
    }
    return NULL;
}

static ns_t group_used_ns(const struct child *child)
{
    uint64_t used = 0, remaining, budget, period;
    uint32_t priority;

    return sched_context_info(child->group, &used, &remaining, &priority, &budget, &period)
               ? child->used_at_ns
               : used;
}

ns_t child_used_ns(const struct child *child)
{
    return group_used_ns(child) - child->used_at_ns;
}

static err_t warden_ask(enum system_op op, const struct child *child, ns_t budget_ns)
{
    uint64_t words[8] = { child->number, budget_ns, child->period_ns };
    msg_info_t info = MSG_INFO(op, 3, 0);
    err_t err = ipc_call(manager.warden, &info, words, clock_now() + WARDEN_NS);

    return err ? err : (err_t)MSG_LABEL(info);
}

err_t child_time_set(struct child *child, ns_t budget_ns)
{
    err_t err = ERR_OK;

    if (budget_ns == 0) {
        budget_ns = child->budget_most_ns;
    }
    if (budget_ns != child->budget_ns) {
        err = warden_ask(SYSTEM_CHILD_TIME, child, budget_ns);
    }
    if (err == ERR_OK) {
        child->budget_ns = budget_ns;
        child->used_at_ns = 0;
        child->used_at_ns = group_used_ns(child);
    }
    return err;
}

/* Make the place free, if all that it had can be given back now. */
static void child_leave(struct child *child)
{
    child->state = PLACE_LEAVING;
    if (child->has_file && files_close_now(&child->file)) {
        return;
    }
    child->has_file = false;
    if (child->has_sessions && warden_ask(SYSTEM_CHILD_RENEW, child, 0)) {
        return;
    }
    child->has_sessions = false;
    child->state = PLACE_FREE;
}

void child_end(struct child *child, const struct record *result)
{
    struct record *record = child->record;
    bool is_made = child->program.untyped != 0;

    record->used_ns = is_made ? child_used_ns(child) : 0;
    program_destroy(&child->program);
    record->state = result->state;
    record->status = result->status;
    record->address = result->address;
    record->ip = result->ip;
    record->memory_bytes = 0;
    manager.ended += child->state == PLACE_RUNNING;
    child->record = NULL;
    child_leave(child);
    if (waiters_tell(record)) {
        record->pid = 0;
    }
}

static bool is_exit(const uint64_t words[8])
{
    return words[0] == FAULT_NOT_PRESENT && words[1] - PROGRAM_EXIT_ADDR < PROGRAM_EXIT_STATUSES;
}

void child_fault(uint64_t badge, const uint64_t words[8])
{
    uint64_t number = badge & ~PROGRAM_BADGE_CHILD;
    struct record result = { .state = PROCESS_STATE_FAULTED,
                             .status = (uint32_t)words[0],
                             .address = words[1],
                             .ip = words[2] };

    if (number >= manager.child_count || manager.children[number].state != PLACE_RUNNING) {
        return;
    }
    struct child *child = &manager.children[number];

    if (is_exit(words)) {
        result = (struct record){ .state = PROCESS_STATE_EXITED,
                                  .status = (uint32_t)(words[1] - PROGRAM_EXIT_ADDR) };
    } else {
        debug_printf("process: %lu %s faulted: %s at %p, ip %p\n", child->record->pid,
                     child->record->name, fault_name(result.status), (const void *)result.address,
                     (const void *)result.ip);
    }
    child_end(child, &result);
}

struct waiter *child_starter(const struct child *child)
{
    struct waiter *starter = child->starter;
    bool is_its = starter != NULL && starter->for_pid == child->record->pid && starter->is_start;

    return is_its ? starter : NULL;
}

static void start_continue(struct child *child)
{
    struct waiter *starter = child_starter(child);
    uint64_t words[8] = { child->record->pid };
    const char *why = "";

    if (starter == NULL || !waiter_is_there(starter)) {
        start_undo(child);
        return;
    }
    err_t err = start_step(child, &why);

    if (err == ERR_WOULD_BLOCK) {
        return;
    }
    child->starter = NULL;
    if (err) {
        start_refuse(child->client, child->texts_at, err, why);
    }
    (void)waiter_answer(starter, err, err ? 0 : 1, words);
}

static void limit_check(struct child *child)
{
    const struct record result = { .state = PROCESS_STATE_OUT_OF_TIME };

    if (child_used_ns(child) >= child->request.time_ns) {
        child_end(child, &result);
    }
}

/* How long after the last tick it wants another; DEADLINE_NEVER: not at all. */
static ns_t tick_in(const struct child *child)
{
    switch (child->state) {
    case PLACE_FREE:
        return DEADLINE_NEVER;
    case PLACE_RUNNING:
        return child->request.time_ns != 0 ? LIMIT_NS : DEADLINE_NEVER;
    default:
        return RETRY_NS;
    }
}

ns_t children_due(ns_t last_ns)
{
    ns_t in = DEADLINE_NEVER;

    for (uint32_t i = 0; i < manager.child_count; i++) {
        ns_t its = tick_in(&manager.children[i]);

        in = its < in ? its : in;
    }
    return in == DEADLINE_NEVER ? in : last_ns + in;
}

void children_tick(void)
{
    for (uint32_t i = 0; i < manager.child_count; i++) {
        struct child *child = &manager.children[i];

        if (child->state == PLACE_OPENING || child->state == PLACE_READING) {
            start_continue(child);
        } else if (child->state == PLACE_LEAVING) {
            child_leave(child);
        } else if (child->state == PLACE_RUNNING && child->request.time_ns != 0) {
            limit_check(child);
        }
    }
}
