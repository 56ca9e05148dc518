/* SPDX-License-Identifier: MIT */
/* Making a program from its description. It gets what its entry says, and nothing else. */
#include "warden.h"

#include "pith/archive.h"
#include "pith/kernel_calls.h"
#include "pith/string.h"
#include "say.h"
#include "service/service.h"

#include "abi/names.h"

enum { ECAM_PAGES_PER_BUS = 256, ECAM_BUSES_MAX = 4 };

/* A spec and what it borrows. */
struct plan {
    struct program_spec spec;
    struct program_grant grants[PROGRAM_CAPS_MAX];
    struct program_session_spec sessions[PROGRAM_SESSIONS_MAX];
};

static void grant_add(struct plan *plan, const char *name, cap_addr_t source, uint32_t rights,
                      uint64_t badge)
{
    if (plan->spec.grant_count == PROGRAM_CAPS_MAX) {
        return; /* the checker allows no more interfaces than fit */
    }
    struct program_grant *grant = &plan->grants[plan->spec.grant_count++];

    *grant = (struct program_grant){ .source = source, .rights = rights, .badge = badge };
    for (uint32_t i = 0; i < PROGRAM_NAME_BYTES - 1 && name[i] != 0; i++) {
        grant->name[i] = name[i];
    }
}

/* Who calls: a driver's badge at the PCI server names its device. */
static uint64_t badge_for(uint32_t program, const struct description_interface *interface)
{
    if (strcmp(interface->name, "pci") == 0 && record_of(program)->device != 0) {
        return PCI_BADGE_DRIVER | (record_of(program)->device - 1);
    }
    return program + 1u;
}

/* Endpoints that it may call, badged with who it is. */
static void interfaces_grant(struct plan *plan, uint32_t program)
{
    const struct description *description = &warden()->description;

    for (uint32_t i = 0; i < description->header.interface_count; i++) {
        const struct description_interface *interface = &description->interfaces[i];
        cap_addr_t endpoint = interface->server == DESCRIPTION_WARDEN
                                  ? (cap_addr_t)WARDEN_SLOT_EAR
                                  : slot_of(interface->server, PART_ENDPOINT);

        if ((description_of(program)->uses >> i & 1) != 0) {
            grant_add(plan, interface->name, endpoint, RIGHT_CALL | RIGHT_GRANT,
                      badge_for(program, interface));
        }
    }
}

static void device_grant(struct plan *plan, uint32_t program)
{
    char name[] = "bar0";

    for (uint32_t i = 0; i < 6; i++) {
        cap_addr_t bar = slot_of(program, PART_BARS + i);

        name[3] = (char)('0' + i);
        if (!slot_is_empty(bar)) {
            grant_add(plan, name, bar, RIGHT_READ | RIGHT_WRITE | RIGHT_MANAGE, 0);
        }
    }
    if (!slot_is_empty(slot_of(program, PART_SPACE))) {
        /* To map, and no more: who is in it, and who hears of faults, is not the driver's to say. */
        grant_add(plan, "io_space", slot_of(program, PART_SPACE), RIGHT_WRITE, 0);
    }
    plan->spec.device = record_of(program)->device;
    plan->spec.irqs = record_of(program)->irqs;
    plan->spec.irq_count = PROGRAM_IRQS_MAX;
}

static err_t resources_grant(struct plan *plan, uint32_t program)
{
    const struct description_program *description = description_of(program);
    cap_addr_t handler = slot_of(program, PART_HANDLER);

    grant_add(plan, "faults", handler, RIGHT_CALL, 0);
    grant_add(plan, "stats", slot_of(program, PART_STATS), RIGHT_READ | RIGHT_WRITE, 0);
    if (is_log_server(program)) {
        grant_add(plan, "warden_log", slot_of(program, PART_LOG), RIGHT_READ, 0);
    }
    if (description->keeps_bytes != 0) {
        grant_add(plan, "kept", slot_of(program, PART_KEPT), RIGHT_READ | RIGHT_WRITE, 0);
    }
    if (description->flags & DESCRIPTION_ECAM) {
        uint32_t buses = warden()->page->pci_ecam_buses;

        buses = buses < ECAM_BUSES_MAX ? buses : ECAM_BUSES_MAX;
        err_t err = device_frame_keep(slot_of(program, PART_ECAM), warden()->page->pci_ecam_base,
                                      (uint64_t)buses * ECAM_PAGES_PER_BUS * PAGE_BYTES);

        if (err) {
            return err;
        }
        grant_add(plan, "ecam", slot_of(program, PART_ECAM),
                  RIGHT_READ | RIGHT_WRITE | RIGHT_MANAGE, 0);
    }
    return ERR_OK;
}

static uint32_t machine_rights(const struct description_program *description)
{
    return (description->flags & DESCRIPTION_DEBUG_WRITE ? (uint32_t)RIGHT_WRITE : 0u) |
           (description->flags & DESCRIPTION_DEBUG_READ ? (uint32_t)RIGHT_READ : 0u);
}

static void plan_begin(struct plan *plan, uint32_t program)
{
    const struct description_program *description = description_of(program);
    const struct record *record = record_of(program);

    *plan = (struct plan){ .spec = {
                               .name = description->name,
                               .args = record->args[0] != 0 ? record->args : description->args,
                               .memory_bytes = description->memory_bytes,
                               .rank = (uint8_t)description->rank,
                               .has_fpu = (description->flags & DESCRIPTION_FPU) != 0,
                               .machine_rights = machine_rights(description),
                               .machine = WARDEN_SLOT_MACHINE,
                               .priority = description->priority,
                               .core = description->core,
                               .budget_ns = description->budget_ns,
                               .period_ns = description->period_ns,
                               .clock = WARDEN_SLOT_CLOCK,
                               .handler = slot_of(program, PART_HANDLER),
                               .grants = plan->grants,
                               .untyped = slot_of(program, PART_UNTYPED),
                               .first = slot_of(program, PART_MAKING),
                               .endpoint = slot_of(program, PART_ENDPOINT),
                               .events = slot_of(program, PART_EVENTS),
                               .epochs = WARDEN_SLOT_EPOCHS,
                               .sessions = plan->sessions,
                               .step = step,
                           } };
    plan->spec.session_count = sessions_of(program, plan->sessions);
}

err_t parts_keep(uint32_t program)
{
    const struct description_program *description = description_of(program);
    err_t err = object_keep(slot_of(program, PART_UNTYPED), OBJECT_UNTYPED,
                            (description->memory_bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1));

    if (err == ERR_OK) {
        err = object_keep(slot_of(program, PART_ENDPOINT), OBJECT_ENDPOINT, description->rank);
    }
    if (err == ERR_OK) {
        err = object_keep(slot_of(program, PART_EVENTS), OBJECT_NOTIFICATION, description->rank);
    }
    if (err == ERR_OK) {
        err = mint_keep(slot_of(program, PART_HANDLER), WARDEN_SLOT_EAR, RIGHT_CALL,
                        BADGE_FAULT | (program + 1));
    }
    if (err == ERR_OK) {
        err = mint_keep(slot_of(program, PART_MASTER), slot_of(program, PART_ENDPOINT), RIGHT_CALL,
                        SERVICE_BADGE_WARDEN);
    }
    if (err == ERR_OK) {
        err = mint_keep(slot_of(program, PART_BELL), slot_of(program, PART_EVENTS), RIGHT_SIGNAL,
                        UINT32_MAX);
    }
    if (err == ERR_OK && description->keeps_bytes != 0) {
        err = object_keep(slot_of(program, PART_KEPT), OBJECT_FRAME,
                          description->keeps_bytes / PAGE_BYTES << 8 | PAGE_CLASS_4K);
    }
    if (err == ERR_OK) {
        err = stats_keep(program);
    }
    return err == ERR_OK && is_log_server(program) ? log_keep(program) : err;
}

/* Queued callers move to the new server in one step. A device works only once its driver is whole. */
static err_t make(uint32_t program, struct plan *plan, struct program *made, const char **why)
{
    const struct description_program *description = description_of(program);
    err_t err = resources_grant(plan, program);

    *why = "PCI configuration space cannot be had";
    if (err) {
        return err;
    }
    *why = "the boot archive does not hold it";
    err = archive_find(warden()->archive, warden()->page->archive_bytes, description->binary,
                       &plan->spec.image, &plan->spec.image_bytes);
    if (err == ERR_OK) {
        err = program_create(&plan->spec, made, why);
    }
    if (err) {
        return err;
    }
    *why = "it cannot be made the server of its endpoint";
    step();
    err = endpoint_set_server(slot_of(program, PART_ENDPOINT), made->thread);
    if (err == ERR_OK && description->device_vendor != 0) {
        err = device_release(program, why);
    }
    step();
    return err == ERR_OK ? program_run(made) : err;
}

err_t program_start_now(uint32_t program)
{
    struct record *record = record_of(program);
    struct program made = { 0 };
    static struct plan plan; /* the hand's alone, and large */
    const char *why = "";
    err_t err = ERR_OK;

    record_intend(record, INTENT_START);
    if (description_of(program)->device_vendor != 0) {
        err = device_keep(program, &why);
    }
    if (err == ERR_OK) {
        plan_begin(&plan, program);
        interfaces_grant(&plan, program);
        if (description_of(program)->device_vendor != 0) {
            device_grant(&plan, program);
        }
        err = make(program, &plan, &made, &why);
    }
    if (err) {
        device_quiesce(program);
        program_sweep(slot_of(program, PART_UNTYPED), slot_of(program, PART_MAKING));
        say(LOG_ERROR, "%s does not start: %s (%s)", description_of(program)->name, why,
            error_name(err));
        return err;
    }
    warden()->own_bytes[program] = made.own_bytes;
    record->state = SYSTEM_STATE_RUNNING;
    record_intend(record, INTENT_NONE);
    return ERR_OK;
}
