/* SPDX-License-Identifier: MIT */
/*
 * What is in a program's table: system/protocol.h, SYSTEM_CAPS. What the program was given follows from its description
 * once more, in the order in which lib/pith gave it; all else it made or got itself. Answered by the ear, a slot at a time.
 */
#include "shell.h"

#include "pith/kernel_calls.h"
#include "pith/program_info.h"
#include "pith/string.h"
#include "plan.h"

enum { SLOTS_AT_ONCE = 32 };

/* What a slot was filled with. */
struct given {
    const char *name;
    enum system_cap_kind kind;
    uint32_t owner; /* number + 1 of the program whose it is */
};

static const char *fixed_name(uint64_t slot)
{
    static const char *const names[PROGRAM_SLOT_FIRST] = {
        [PROGRAM_SLOT_TABLE] = "table",     [PROGRAM_SLOT_VSPACE] = "space",
        [PROGRAM_SLOT_THREAD] = "thread",   [PROGRAM_SLOT_UNTYPED] = "memory",
        [PROGRAM_SLOT_MACHINE] = "machine", [PROGRAM_SLOT_CLOCK] = "clock",
        [PROGRAM_SLOT_EPOCHS] = "epochs",   [PROGRAM_SLOT_ENDPOINT] = "endpoint",
        [PROGRAM_SLOT_EVENTS] = "events",
    };

    return slot < PROGRAM_SLOT_FIRST && names[slot] != NULL ? names[slot] : "";
}

/* Whose a slot of our own table is. */
static uint32_t owner_of(cap_addr_t slot)
{
    if (slot == WARDEN_SLOT_EAR) {
        return SYSTEM_CAP_WARDEN;
    }
    return slot >= WARDEN_SLOT_PROGRAMS && slot < WARDEN_SLOT_SESSIONS
               ? (uint32_t)(slot - WARDEN_SLOT_PROGRAMS) / PARTS + 1
               : 0;
}

/* Each session has taken two slots: for its memory, for the peer's bell. *number: less those of sessions, if it is none. */
static bool session_find(const struct plan *plan, uint64_t *number, struct given *given)
{
    for (uint32_t i = 0; i < plan->spec.session_count; i++) {
        const struct program_session_spec *spec = &plan->sessions[i];

        if (spec->frame == 0) {
            continue;
        }
        if (*number < 2) {
            *given = (struct given){ spec->session.name,
                                     *number == 0 ? SYSTEM_CAP_SESSION : SYSTEM_CAP_BELL,
                                     owner_of(spec->bell) };
            return true;
        }
        *number -= 2;
    }
    return false;
}

/* What comes after the sessions: interrupts, then time for threads, its own and those of its children. */
static struct given rest_find(const struct plan *plan, uint64_t number)
{
    for (uint32_t i = 0; i < plan->spec.irq_count; i++) {
        if (plan->spec.irqs[i].slot != 0 && number-- == 0) {
            return (struct given){ "irq", SYSTEM_CAP_GIVEN, 0 };
        }
    }
    uint32_t in_place = 1u + plan->spec.child_threads;

    if (number < plan->spec.context_count) {
        return (struct given){ "context", SYSTEM_CAP_GIVEN, 0 };
    }
    number -= plan->spec.context_count;
    if (number < plan->spec.child_count * in_place) {
        return (struct given){ number % in_place == 0 ? "group" : "context", SYSTEM_CAP_GIVEN,
                               owner_of(plan->child_contexts[number].source) };
    }
    return (struct given){ "", SYSTEM_CAP_OWN, 0 };
}

static void given_find(const struct plan *plan, uint64_t slot, struct given *given)
{
    uint64_t number = slot - PROGRAM_SLOT_FIRST;

    if (slot < PROGRAM_SLOT_FIRST) {
        *given = (struct given){ fixed_name(slot), SYSTEM_CAP_GIVEN, 0 };
        return;
    }
    if (number < plan->spec.grant_count) {
        const struct program_grant *grant = &plan->grants[number];

        *given = (struct given){ grant->name, SYSTEM_CAP_GIVEN, owner_of(grant->source) };
        return;
    }
    number -= plan->spec.grant_count;
    if (!session_find(plan, &number, given)) {
        *given = rest_find(plan, number);
    }
}

static void answer_put(uint32_t program, uint64_t slot, uint64_t words[8])
{
    static struct plan plan; /* the ear's alone, and large */
    struct given given;
    char name[SYSTEM_NAME_BYTES] = { 0 };

    plan_make(&plan, program);
    given_find(&plan, slot, &given);
    for (uint32_t i = 0; i + 1 < sizeof(name) && given.name[i] != 0; i++) {
        name[i] = given.name[i];
    }
    memcpy(&words[SYSTEM_CAPS_NAME], name, sizeof(name));
    words[SYSTEM_CAPS_SLOT] |= (uint64_t)given.kind << 32 | (uint64_t)given.owner << 48;
}

/* The first capability from that slot on, of the few looked at; else where to go on. */
static err_t slots_look(uint32_t program, uint64_t first, uint64_t words[8])
{
    cap_addr_t table = slot_of(program, PART_MAKING); /* the first of what it was made of */
    uint32_t type = OBJECT_NONE, rights = 0, depth, flags = 0;
    uint64_t badge = 0, size = 0, detail = 0, slot = first;
    err_t err = ERR_OK;

    while (err == ERR_OK && type == OBJECT_NONE && slot < first + SLOTS_AT_ONCE) {
        err = cap_table_identify(table, (uint32_t)slot, &type, &rights, &badge, &depth, &flags,
                                 &size, &detail);
        slot++;
    }
    if (err) {
        return err == ERR_RANGE ? ERR_RANGE : ERR_GONE; /* the table went while we looked */
    }
    words[SYSTEM_CAPS_SLOT] = (type != OBJECT_NONE ? slot - 1 : slot) | (uint64_t)type << 16;
    words[SYSTEM_CAPS_RIGHTS] = rights | (uint64_t)flags << 32;
    words[SYSTEM_CAPS_BADGE] = badge;
    words[SYSTEM_CAPS_SIZE] = size;
    words[SYSTEM_CAPS_DETAIL] = (uint32_t)detail | (uint64_t)record_of(program)->restarts << 32;
    return ERR_OK;
}

err_t query_caps(uint64_t words[8])
{
    uint64_t number = words[0], first = words[1];

    if (number >= warden()->programs || first > UINT16_MAX) {
        return ERR_RANGE;
    }
    uint32_t program = (uint32_t)number;

    if (!is_mine(program)) {
        return ERR_NO_RIGHT;
    }
    if (record_of(program)->state != SYSTEM_STATE_RUNNING) {
        return ERR_GONE;
    }
    err_t err = slots_look(program, first != 0 ? first : 1, words);

    if (err == ERR_OK && (words[SYSTEM_CAPS_SLOT] >> 16 & UINT16_MAX) != OBJECT_NONE) {
        answer_put(program, words[SYSTEM_CAPS_SLOT] & UINT16_MAX, words);
    }
    return err;
}
