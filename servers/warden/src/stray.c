/* SPDX-License-Identifier: MIT */
/*
 * Devices that reach for what they were not given (docs/supervision.md, "Devices"). Each such access was stopped; here it
 * is told to people, counted, and taken as a fault of the driver that the device belongs to.
 */
#include "warden.h"

#include "pith/kernel_calls.h"
#include "say.h"

enum { REASON_WRITE = 0x100, REASON_INTERRUPT = 0x20, REASON_NUMBER = 0xff };

static const char *verb_of(uint32_t reason)
{
    if ((reason & REASON_NUMBER) >= REASON_INTERRUPT) {
        return "raised interrupt";
    }
    return (reason & REASON_WRITE) != 0 ? "wrote to" : "read from";
}

/* Add what was found to what is known. */
static void note(struct warden_strays *known, const struct warden_strays *found, const char *name)
{
    uint32_t count = known->count + found->count;

    say(LOG_ERROR, "the device of %s (%x) %s %p, which it was not given; %u such accesses", name,
        found->source, verb_of(found->reason), (const void *)found->address, count);
    *known = *found;
    known->count = count;
}

static bool domain_take(uint32_t program, struct warden_strays *found)
{
    uint32_t lost;

    return io_space_fault(slot_of(program, PART_SPACE), &found->count, &found->source,
                          &found->address, &found->reason, &lost) == ERR_OK &&
           found->count != 0;
}

static void note_of_program(uint32_t program, const struct warden_strays *found)
{
    struct record *record = record_of(program);

    note(&record->strays, found, description_of(program)->name);
    record_seal(record);
}

static void blame(uint32_t program)
{
    struct record *record = record_of(program);

    if (record->state == SYSTEM_STATE_RUNNING) {
        record->fault = 0; /* its own is none of the kernel's list */
        program_failed(program, false);
    }
}

err_t strays_listen(uint32_t program)
{
    cap_addr_t space = slot_of(program, PART_SPACE);
    err_t err;

    if (slot_is_empty(space)) {
        return ERR_OK; /* trusted */
    }
    err = mint_keep(WARDEN_SLOT_STRAYS, WARDEN_SLOT_HAND, RIGHT_SIGNAL, HAND_STRAYS);
    step();
    return err == ERR_OK ? io_space_bind(space, WARDEN_SLOT_STRAYS) : err;
}

void strays_forget(uint32_t program)
{
    struct warden_strays found = { 0 };

    if (domain_take(program, &found)) {
        note_of_program(program, &found);
    }
}

void strays_handle(void)
{
    for (uint32_t i = 0; i < warden()->count; i++) {
        struct warden_strays found = { 0 };

        if (is_mine(i) && description_of(i)->device_vendor != 0 && domain_take(i, &found)) {
            note_of_program(i, &found);
            blame(i);
        }
    }
}

void strays_of_nobody(void)
{
    struct warden_strays found = { 0 };
    uint32_t lost;

    if (machine_faults(WARDEN_SLOT_MACHINE, &found.count, &found.source, &found.address,
                       &found.reason, &lost) != ERR_OK ||
        found.count == 0) {
        return;
    }
    for (uint32_t i = 0; i < warden()->count; i++) {
        if (is_mine(i) && record_of(i)->device == found.source + 1) {
            note_of_program(i, &found); /* between two drivers, so no driver's doing */
            return;
        }
    }
    note(&warden()->page->strays, &found, "nobody");
}
