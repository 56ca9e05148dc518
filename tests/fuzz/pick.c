/* SPDX-License-Identifier: MIT */
/* Finding what makes a call nearly make sense: see pick.h. Reads the machine, changes nothing. */
#include "pick.h"

#include <stddef.h>

#include "arch_host/machine.h"
#include "core/core.h"
#include "object/device_objects.h"
#include "object/ipc_objects.h"
#include "object/sched_context.h"

enum {
    SUBTREE_SPARED = 40, /* larger subtrees are rarely revoked */
    SLOTS_SPARED = 24,   /* the first slots, with what the root thread started with */
};

static const uint64_t addresses[] = {
    0x1000,         0x400000,       0x5ff000,           0x600000,       0x3fffe000,
    0x40000000,     0x7fc0000000,   0x8000000000,       0x10000000000,  0x7fffffffe000,
    0x7ffffffff000, 0x7fffffe00000, 0xffff800000000000, 0x7fffc0000000,
};

bool wish_any(const struct cap *cap, const struct thread *caller)
{
    (void)cap;
    (void)caller;
    return true;
}

static struct thread *thread_of(const struct cap *cap)
{
    return cap->object;
}

bool is_stopped(const struct cap *cap, const struct thread *caller)
{
    (void)caller;
    return thread_of(cap)->state == THREAD_STATE_INACTIVE;
}

bool can_resume(const struct cap *cap, const struct thread *caller)
{
    return is_stopped(cap, caller) && thread_of(cap)->table != NULL &&
           thread_of(cap)->space != NULL;
}

bool needs_table(const struct cap *cap, const struct thread *caller)
{
    return is_stopped(cap, caller) && !can_resume(cap, caller);
}

bool has_no_context(const struct cap *cap, const struct thread *caller)
{
    (void)caller;
    return thread_of(cap)->context == NULL;
}

/* And stopped, so that it may become foreign. */
bool is_native(const struct cap *cap, const struct thread *caller)
{
    (void)caller;
    return thread_of(cap)->native_start == 0 && thread_of(cap)->state == THREAD_STATE_INACTIVE;
}

bool has_no_buffer(const struct cap *cap, const struct thread *caller)
{
    (void)caller;
    return thread_of(cap)->buffer == NULL;
}

bool is_below(const struct cap *cap, const struct thread *caller)
{
    return ((const struct endpoint *)cap->object)->lend.rank < caller->lend.rank &&
           (cap->rights & RIGHT_CALL);
}

bool is_served_here(const struct cap *cap, const struct thread *caller)
{
    const struct endpoint *endpoint = cap->object;

    return (cap->rights & RIGHT_RECEIVE) &&
           (endpoint->server == caller ||
            (endpoint->server == NULL && endpoint->lend.rank >= caller->lend.rank));
}

bool is_unconfigured(const struct cap *cap, const struct thread *caller)
{
    (void)caller;
    return ((const struct sched_context *)cap->object)->core == NULL;
}

bool is_unbound(const struct cap *cap, const struct thread *caller)
{
    const struct sched_context *context = cap->object;

    (void)caller;
    return context->core != NULL && context->owner == NULL;
}

bool is_group(const struct cap *cap, const struct thread *caller)
{
    (void)caller;
    return ((const struct sched_context *)cap->object)->members != 0;
}

bool is_or_may_be_group(const struct cap *cap, const struct thread *caller)
{
    return is_group(cap, caller) ||
           (is_unbound(cap, caller) && ((const struct sched_context *)cap->object)->group == NULL);
}

bool is_in_group(const struct cap *cap, const struct thread *caller)
{
    (void)caller;
    return ((const struct sched_context *)cap->object)->group != NULL;
}

/* Mostly one that runs: it makes a difference. */
bool is_in_no_group(const struct cap *cap, const struct thread *caller)
{
    const struct sched_context *context = cap->object;

    return context->owner != NULL && !is_in_group(cap, caller);
}

bool holds_a_call(const struct cap *cap, const struct thread *caller)
{
    (void)caller;
    return ((const struct reply *)cap->object)->caller != NULL;
}

bool is_empty_reply(const struct cap *cap, const struct thread *caller)
{
    return !holds_a_call(cap, caller);
}

bool is_detached(const struct cap *cap, const struct thread *caller)
{
    (void)caller;
    return cap->run.space == NULL;
}

bool has_room(const struct cap *cap, const struct thread *caller)
{
    (void)caller;
    return cap->run.size_bytes - cap->run.used_bytes >= 16384 || cap->first_child == NULL;
}

bool is_device(const struct cap *cap, const struct thread *caller)
{
    (void)caller;
    return cap->run.is_device;
}

bool is_served(const struct cap *cap, const struct thread *caller)
{
    return is_below(cap, caller) && ((const struct endpoint *)cap->object)->server != NULL;
}

bool is_claimed_port(const struct cap *cap, const struct thread *caller)
{
    (void)caller;
    return ((const struct io_port *)cap->object)->count != 0;
}

bool is_free_irq(const struct cap *cap, const struct thread *caller)
{
    (void)caller;
    return !((const struct irq *)cap->object)->is_claimed;
}

bool is_claimed_irq(const struct cap *cap, const struct thread *caller)
{
    return !is_free_irq(cap, caller);
}

bool is_unbound_notification(const struct cap *cap, const struct thread *caller)
{
    (void)caller;
    return ((const struct notification *)cap->object)->bound == NULL;
}

bool runs_elsewhere(const struct cap *cap, const struct thread *caller)
{
    const struct thread *thread = thread_of(cap);

    return thread->home != caller->home && thread->home->current == thread;
}

bool is_served_elsewhere(const struct cap *cap, const struct thread *caller)
{
    return is_served(cap, caller) &&
           ((const struct endpoint *)cap->object)->server->home != caller->home;
}

uint32_t slot_any(struct random *random, const struct cap_table *table)
{
    return random_below(random, table->slot_count);
}

/* A slot with a capability of the type that is as wished, or 0. */
uint32_t pick_as(struct random *random, const struct thread *caller, uint32_t type, wish wanted)
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

uint32_t pick(struct random *random, const struct thread *caller, uint32_t type, wish wanted)
{
    uint32_t at = random_chance(random, 90) ? pick_as(random, caller, type, wanted) : 0;

    return at != 0 ? at : pick_as(random, caller, type, wish_any);
}

uint32_t pick_empty(struct random *random, struct cap_table *table, uint32_t count)
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

uint32_t pick_of_type(struct random *random, struct cap_table *table, uint32_t type)
{
    uint32_t start = slot_any(random, table);

    for (uint32_t i = 0; i < table->slot_count; i++) {
        uint32_t at = (start + i) & (table->slot_count - 1);

        if (at != 0 && cap_slot(table, at)->type == type) {
            return at;
        }
    }
    return slot_any(random, table);
}

uint32_t pick_full(struct random *random, struct cap_table *table)
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

uint64_t pick_address(struct random *random)
{
    uint64_t base = addresses[random_below(
        random, random_chance(random, 90) ? 4 : sizeof(addresses) / sizeof(addresses[0]))];

    return base + random_below(random, 24) * 4096ull;
}

uint32_t pick_source(struct random *random)
{
    return random_chance(random, 80) ? random_below(random, 8) : random_below(random, 36);
}

ns_t pick_deadline(struct random *random)
{
    if (random_below(random, 300) == 0) {
        return DEADLINE_NEVER;
    }
    return host_time() + random_below(random, random_chance(random, 50) ? 3000 : 300000);
}

ns_t pick_deadline_as(struct random *random, const struct habits *habits)
{
    if (random_chance(random, habits->lasting_percent)) {
        return host_time() + random_below(random, 3000000);
    }
    return pick_deadline(random);
}

uint64_t strange(struct random *random)
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

uint32_t pick_victim(struct random *random, struct cap_table *table)
{
    uint32_t at = 0;

    for (int tries = 0; tries < 8; tries++) {
        at = pick_full(random, table);
        if (random_below(random, 400) == 0 ||
            (at >= SLOTS_SPARED && at < table->slot_count && !is_large(cap_slot(table, at)))) {
            return at;
        }
    }
    return pick_empty(random, table, 1);
}
