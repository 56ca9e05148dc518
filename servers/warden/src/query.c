/* SPDX-License-Identifier: MIT */
/*
 * The interface "system": system/protocol.h. What a caller sends is bounded before it is used. Records are read
 * as they stand: the hand may be in the middle of changing one.
 */
#include "warden.h"

#include "children.h"
#include "lending.h"
#include "pith/kernel_calls.h"
#include "pith/start.h"
#include "pith/string.h"
#include "service/service.h"
#include "service/stats.h"
#include "shell.h"

/* Owners that are no program come first. */
enum { OWNERS_FIXED = 4, STATUS_HARMED = 99 };

/*
 * One that is being ended runs no more, though its record says so until all of it is gone. One that is being made will run:
 * whoever asks for that again is told.
 */
static uint32_t state_of(const struct record *record)
{
    bool is_ending = record->intent == INTENT_END || record->intent == INTENT_STOP;
    bool is_changing =
        record->state == SYSTEM_STATE_RUNNING ? is_ending : record->intent == INTENT_START;

    return is_changing ? (uint32_t)SYSTEM_STATE_WAITING : record->state;
}

static void name_put(uint64_t words[8], const char *name)
{
    char text[SYSTEM_NAME_BYTES] = { 0 };

    for (uint32_t i = 0; i + 1 < sizeof(text) && name[i] != 0; i++) {
        text[i] = name[i];
    }
    memcpy(words, text, sizeof(text));
}

static err_t query_program(uint64_t words[8])
{
    uint64_t number = words[0];
    ns_t used_ns;
    uint64_t switches;

    if (number >= warden()->programs) {
        return ERR_RANGE;
    }
    uint32_t program = (uint32_t)number;
    const struct record *record = record_of(program);
    bool runs = record->state == SYSTEM_STATE_RUNNING;

    program_counts(program, &used_ns, &switches);
    name_put(words, description_of(program)->name);
    words[SYSTEM_PROGRAM_STATE] = state_of(record) | (uint64_t)record->restarts << 32;
    words[SYSTEM_PROGRAM_MEMORY] = runs ? description_of(program)->memory_bytes : 0;
    words[SYSTEM_PROGRAM_USED] = used_ns;
    words[SYSTEM_PROGRAM_SWITCHES] = switches;
    words[SYSTEM_PROGRAM_FAULT] = record->fault | (uint64_t)record->status << 32;
    words[SYSTEM_PROGRAM_ADDRESS] = record->fault_address;
    return ERR_OK;
}

/* What a program is promised is kept for it, whether it runs or not, unless there is not enough. */
static uint64_t promised(uint32_t program)
{
    const struct description_program *description = description_of(program);

    uint64_t pool_bytes = slot_is_empty(slot_of(program, PART_POOL)) ? 0 : description->pool_bytes;

    return is_mine(program) && !warden()->is_unfit[program]
               ? description->memory_bytes + description->keeps_bytes + pool_bytes
               : 0;
}

/* What it says; but it cannot spare more than it has. */
static uint64_t spare_of(uint32_t program, uint64_t bytes)
{
    const struct program_stats *stats = warden()->stats[program];
    uint64_t spare_bytes = stats != NULL ? stats->spare_bytes : 0;

    return spare_bytes < bytes ? spare_bytes : bytes;
}

/* All owners together have all RAM. */
static err_t query_owner(uint64_t words[8])
{
    static const char *const names[OWNERS_FIXED] = { "free", "kernel", "init and boot",
                                                     "warden's objects" };
    const struct warden_page *page = warden()->page;
    uint64_t number = words[0];
    uint64_t shared = page->given_bytes - ram_free();

    for (uint32_t i = 0; i < warden()->count; i++) {
        shared -= promised(i);
    }
    uint64_t bytes[OWNERS_FIXED] = { ram_free(), page->kernel_bytes,
                                     page->ram_bytes - page->kernel_bytes - page->given_bytes,
                                     shared };

    if (number < OWNERS_FIXED) {
        name_put(words, names[number]);
        words[SYSTEM_OWNER_BYTES] = words[SYSTEM_OWNER_USED] = bytes[number];
        return ERR_OK;
    }
    number -= OWNERS_FIXED;
    if (number >= warden()->programs) {
        return ERR_RANGE;
    }
    name_put(words, description_of((uint32_t)number)->name);
    words[SYSTEM_OWNER_BYTES] = promised((uint32_t)number);
    words[SYSTEM_OWNER_USED] =
        words[SYSTEM_OWNER_BYTES] - spare_of((uint32_t)number, words[SYSTEM_OWNER_BYTES]);
    return ERR_OK;
}

static err_t query_recovery(uint64_t words[8])
{
    if (words[0] >= warden()->programs) {
        return ERR_RANGE;
    }
    const struct record *record = record_of((uint32_t)words[0]);

    words[SYSTEM_RECOVERY_DEATHS] = record->faults | (uint64_t)record->hangs << 32;
    words[SYSTEM_RECOVERY_DIED] = record->died_ns;
    words[SYSTEM_RECOVERY_RAN] = record->ran_ns;
    words[SYSTEM_RECOVERY_WORST] = record->worst_ns;
    words[SYSTEM_RECOVERY_PROBE] = record->probe_worst_ns;
    words[SYSTEM_RECOVERY_WARDEN] = warden()->page->starts - 1;
    return ERR_OK;
}

static err_t query_strays(uint64_t words[8])
{
    if (words[0] > warden()->programs) {
        return ERR_RANGE;
    }
    const struct warden_strays *strays = words[0] == warden()->programs
                                             ? &warden()->page->strays
                                             : &record_of((uint32_t)words[0])->strays;

    words[SYSTEM_STRAYS_COUNT] = strays->count;
    words[SYSTEM_STRAYS_ADDRESS] = strays->address;
    words[SYSTEM_STRAYS_REASON] = strays->reason;
    words[SYSTEM_STRAYS_SOURCE] = strays->source;
    return ERR_OK;
}

static err_t query_shape(uint64_t words[8])
{
    if (words[0] >= warden()->programs) {
        return ERR_RANGE;
    }
    const struct description_program *description = description_of((uint32_t)words[0]);

    words[SYSTEM_SHAPE_USES] = description->uses;
    words[SYSTEM_SHAPE_RANK] = description->rank | (uint64_t)description->priority << 32;
    words[SYSTEM_SHAPE_BUDGET] = description->budget_ns;
    words[SYSTEM_SHAPE_PERIOD] = description->period_ns;
    return ERR_OK;
}

static err_t query_interface(uint64_t words[8])
{
    const struct description *description = &warden()->description;

    if (words[0] >= description->header.interface_count) {
        return ERR_RANGE;
    }
    const struct description_interface *interface = &description->interfaces[words[0]];

    name_put(words, interface->name);
    words[SYSTEM_INTERFACE_SERVER] =
        interface->server == DESCRIPTION_WARDEN ? SYSTEM_NOBODY : interface->server;
    return ERR_OK;
}

/* Note down what is wanted; the hand does it. */
/* What is asked of a program that is down would be forgotten: whoever asks is told. */
static err_t want(const uint64_t words[8], enum want what)
{
    if (words[0] >= warden()->programs || !is_mine((uint32_t)words[0])) {
        return ERR_RANGE;
    }
    uint32_t program = (uint32_t)words[0];
    uint32_t state = state_of(record_of(program));
    struct request *request = &warden()->requests[program];

    if (what == WANT_START) {
        bool is_wanted =
            (atomic_load_explicit(&request->wants, memory_order_relaxed) & WANT_START) != 0;

        if (state == SYSTEM_STATE_RUNNING || state == SYSTEM_STATE_WAITING || is_wanted) {
            return ERR_BUSY;
        }
        memcpy(request->args, &words[1], sizeof(request->args));
    } else if (state != SYSTEM_STATE_RUNNING &&
               (what != WANT_KILL || state != SYSTEM_STATE_WAITING)) {
        return ERR_GONE;
    }
    /* Release: pairs with the acquire in requests_handle(). */
    atomic_fetch_or_explicit(&request->wants, what, memory_order_release);
    hand_wake();
    return ERR_OK;
}

/* Only who has a device has interrupts. */
static err_t want_hang(const uint64_t words[8])
{
    if (words[0] >= warden()->count || words[1] >= SERVICE_HANG_KINDS ||
        (words[1] == SERVICE_HANG_IRQ && record_of((uint32_t)words[0])->irqs[0].slot == 0)) {
        return ERR_RANGE;
    }
    warden()->requests[words[0]].hang = words[1];
    return want(words, WANT_HANG);
}

/* For tests of init: a fault in the ear, or a hand that hangs. */
static err_t harm_self(uint64_t how)
{
    if (how == SYSTEM_HARM_FAULT) {
        program_exit(STATUS_HARMED);
    }
    if (how != SYSTEM_HARM_HANG) {
        return ERR_RANGE;
    }
    atomic_store_explicit(&warden()->hand_is_to_hang, 1, memory_order_relaxed);
    hand_wake();
    return ERR_OK;
}

static err_t harm_at_step(uint64_t words[8])
{
    struct warden_steps *steps = &warden()->page->steps;

    if (words[0] > UINT32_MAX || words[1] < SYSTEM_HARM_FAULT || words[1] > SYSTEM_HARM_HANG) {
        return ERR_RANGE;
    }
    uint32_t left = steps->left;

    *steps = (struct warden_steps){ .left = (uint32_t)words[0], .how = (uint32_t)words[1] };
    words[0] = left;
    return ERR_OK;
}

static err_t answer(uint32_t op, uint64_t badge, uint64_t words[8])
{
    if ((badge & BADGE_PARENT) != 0) {
        return child_answer(op, (uint32_t)(badge & ~BADGE_PARENT) - 1, words);
    }
    if ((badge & BADGE_LENDER) != 0) {
        return lending_answer(op, (uint32_t)(badge & ~BADGE_LENDER) - 1, words);
    }
    switch (op) {
    case SYSTEM_PROGRAM:
        return query_program(words);
    case SYSTEM_OWNER:
        return query_owner(words);
    case SYSTEM_RECOVERY:
        return query_recovery(words);
    case SYSTEM_STRAYS:
        return query_strays(words);
    case SYSTEM_SHAPE:
        return query_shape(words);
    case SYSTEM_INTERFACE:
        return query_interface(words);
    case SYSTEM_COUNTS:
        return query_counts(words);
    case SYSTEM_TIMES:
        return query_times(words);
    case SYSTEM_START:
        return want(words, WANT_START);
    case SYSTEM_KILL:
        return want(words, WANT_KILL);
    case SYSTEM_FAIL:
        return want(words, WANT_FAIL);
    case SYSTEM_HANG:
        return want_hang(words);
    case SYSTEM_WARDEN:
        return harm_self(words[0]);
    case SYSTEM_STEP:
        return harm_at_step(words);
    case SYSTEM_CAPS:
        return query_caps(words);
    case SYSTEM_POWER_OFF:
        ending_want(ENDING_POWER_OFF, words[0]);
        return ERR_OK;
    case SYSTEM_TRACE:
        return query_trace(badge, words);
    case SYSTEM_THREAD:
        return query_thread(badge, words);
    case SYSTEM_REBOOT:
        ending_want(ENDING_REBOOT, 0);
        return ERR_OK;
    default:
        return ERR_BAD_CALL;
    }
}

void query(uint32_t *label, uint64_t badge, uint64_t words[8])
{
    *label = (uint32_t)answer(*label, badge, words);
}
