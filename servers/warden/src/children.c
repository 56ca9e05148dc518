/* SPDX-License-Identifier: MIT */
/*
 * Places for the children of a program that starts others (docs/process.md). The description has an entry for each,
 * after those of all programs. What a place has outlives whoever stands there: time, a notification, sessions. The
 * children themselves are their parent's, made of its memory: the warden starts and ends none of them.
 */
#include "children.h"

#include "pith/kernel_calls.h"
#include "pith/self.h"
#include "warden.h"

#define SLICE_NS 1000000u /* after which a thread of a child lets its equals run */

bool child_at(uint32_t parent, uint64_t number, uint32_t *child)
{
    for (uint32_t i = warden()->programs; i < warden()->count; i++) {
        if (description_of(i)->parent == parent + 1 && number-- == 0) {
            *child = i;
            return true;
        }
    }
    return false;
}

/* All of a place's time is in its group, which has what the system says. */
static err_t group_set(uint32_t child, ns_t budget_ns, ns_t period_ns)
{
    const struct description_program *description = description_of(child);

    step();
    return sched_context_configure(slot_of(child, PART_GROUP), WARDEN_SLOT_MACHINE,
                                   description->priority, budget_ns, period_ns, description->core);
}

static err_t group_set_all(uint32_t child)
{
    return group_set(child, description_of(child)->budget_ns, description_of(child)->period_ns);
}

/* It says itself whether that was done before. */
static err_t group_keep(uint32_t child)
{
    cap_addr_t group = slot_of(child, PART_GROUP);
    uint64_t used, remaining, budget = 0, period;
    uint32_t priority;
    err_t err = object_keep(group, OBJECT_SCHED_CONTEXT, 0);

    if (err == ERR_OK) {
        err = sched_context_info(group, &used, &remaining, &priority, &budget, &period);
    }
    return err == ERR_OK && budget == 0 ? group_set_all(child) : err;
}

/* Time of one thread: without a limit of its own, but by turns with others. */
static err_t context_keep(uint32_t child, uint32_t part)
{
    const struct description_program *description = description_of(child);
    ns_t slice_ns = description->budget_ns < SLICE_NS ? description->budget_ns : SLICE_NS;
    cap_addr_t context = slot_of(child, part);
    uint64_t used, remaining, budget = 0, period;
    uint32_t priority;
    err_t err = object_keep(context, OBJECT_SCHED_CONTEXT, 0);

    if (err == ERR_OK) {
        err = sched_context_info(context, &used, &remaining, &priority, &budget, &period);
    }
    if (err == ERR_OK && budget == 0) {
        step();
        err = sched_context_configure(context, WARDEN_SLOT_MACHINE, description->priority, slice_ns,
                                      slice_ns, description->core);
    }
    if (err == ERR_OK) {
        step();
        err = sched_context_add(slot_of(child, PART_GROUP), context);
        err = err == ERR_BUSY ? ERR_OK : err; /* it was done before */
    }
    return err;
}

static err_t time_keep(uint32_t child)
{
    uint32_t threads = description_of(child)->threads;
    err_t err = group_keep(child);

    if (err == ERR_OK) {
        err = context_keep(child, PART_CONTEXT);
    }
    for (uint32_t i = 0; err == ERR_OK && i < threads && PART_THREADS + i < PARTS; i++) {
        err = context_keep(child, PART_THREADS + i);
    }
    return err;
}

err_t child_keep(uint32_t child)
{
    uint32_t parent = description_of(child)->parent - 1;
    uint32_t number = 0, other;
    err_t err = time_keep(child);

    while (child_at(parent, number, &other) && other != child) {
        number++;
    }
    if (err == ERR_OK) {
        err = object_keep(slot_of(child, PART_EVENTS), OBJECT_NOTIFICATION,
                          description_of(child)->rank);
    }
    if (err == ERR_OK) {
        err = mint_keep(slot_of(child, PART_BELL), slot_of(child, PART_EVENTS), RIGHT_SIGNAL,
                        UINT32_MAX);
    }
    if (err == ERR_OK) {
        err = mint_keep(slot_of(child, PART_HANDLER), slot_of(parent, PART_ENDPOINT), RIGHT_CALL,
                        PROGRAM_BADGE_CHILD | number);
    }
    if (err == ERR_OK) {
        err = mint_keep(slot_of(parent, PART_PARENT), WARDEN_SLOT_EAR, RIGHT_CALL,
                        BADGE_PARENT | (parent + 1));
    }
    return err;
}

void children_renew(uint32_t parent)
{
    uint32_t child;

    for (uint32_t i = 0; child_at(parent, i, &child); i++) {
        sessions_renew(child);
        (void)!group_set_all(
            child); /* as it was when it was made: its parent may have asked for less */
    }
}

/*
 * Its memory for children is taken from RAM when it first asks, and kept for it and its successors from then on. What it
 * gets is made of that anew in each life, so that it goes, with all that was made of it, when its table goes.
 */
static err_t pool_give(uint32_t parent, cap_addr_t slot, uint64_t *bytes)
{
    cap_addr_t pool = slot_of(parent, PART_POOL), own = slot_of(parent, PART_POOL_OWN);
    err_t err = ERR_OK;

    *bytes = description_of(parent)->pool_bytes;
    if (slot == 0 || *bytes == 0) {
        return ERR_OK;
    }
    if (slot_is_empty(pool)) {
        err = ram_retype(pool, OBJECT_UNTYPED, *bytes);
    }
    if (err == ERR_OK && slot_is_empty(own)) {
        step();
        err = untyped_retype(pool, OBJECT_UNTYPED, *bytes, 1, self()->table, own);
        err = err == ERR_NO_MEMORY ? ERR_GONE : err;
    }
    if (err == ERR_OK) {
        step();
        err = cap_table_move(slot_of(parent, PART_MAKING + PROGRAM_PARENT_TABLE), slot,
                             self()->table, own);
    }
    return err;
}

void pool_sweep(uint32_t parent)
{
    (void)!cap_table_delete(self()->table, slot_of(parent, PART_POOL_OWN));
}

/* Neither more in a period than the system says, nor a larger share. */
static bool time_is_allowed(const struct description_program *description, uint64_t budget_ns,
                            uint64_t period_ns)
{
    const uint64_t hour_ns = 3600ull * 1000000000u;

    return budget_ns <= description->budget_ns && period_ns <= hour_ns &&
           (unsigned __int128)budget_ns * description->period_ns <=
               (unsigned __int128)description->budget_ns * period_ns;
}

err_t child_answer(uint32_t op, uint32_t parent, uint64_t words[8])
{
    uint32_t child;

    if (op == SYSTEM_CHILD_POOL) {
        return words[0] > UINT32_MAX ? ERR_RANGE
                                     : pool_give(parent, (cap_addr_t)words[0], &words[0]);
    }
    if (!child_at(parent, words[0], &child)) {
        return ERR_RANGE;
    }
    switch (op) {
    case SYSTEM_CHILD_RENEW:
        sessions_renew(child);
        return ERR_OK;
    case SYSTEM_CHILD_TIME:
        if (!time_is_allowed(description_of(child), words[1], words[2])) {
            return ERR_NO_RIGHT;
        }
        return group_set(child, words[1], words[2]);
    default:
        return ERR_BAD_CALL;
    }
}
