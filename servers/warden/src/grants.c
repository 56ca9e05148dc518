/* SPDX-License-Identifier: MIT */
/* The capabilities that a program gets by name. */
#include "plan.h"

#include "children.h"
#include "lending.h"
#include "pith/format.h"
#include "pith/program_info.h"
#include "pith/string.h"
#include "say.h"

enum { ECAM_PAGES_PER_BUS = 256, ECAM_BUSES_MAX = 4 };
enum { PARENT_TABLE_LOG2 = 10 };

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

static void endpoints_grant(struct plan *plan, const char *prefix, uint32_t program)
{
    const struct description *description = &warden()->description;
    char name[PROGRAM_NAME_BYTES];

    for (uint32_t i = 0; i < description->header.interface_count; i++) {
        const struct description_interface *interface = &description->interfaces[i];
        cap_addr_t endpoint = interface->server == DESCRIPTION_WARDEN
                                  ? (cap_addr_t)WARDEN_SLOT_EAR
                                  : slot_of(interface->server, PART_ENDPOINT);

        if ((description_of(program)->uses >> i & 1) != 0) {
            (void)format(name, sizeof(name), "%s%s", prefix, interface->name);
            grant_add(plan, name, endpoint, RIGHT_CALL | RIGHT_GRANT,
                      badge_for(program, interface));
        }
    }
}

/* Endpoints that it may call, badged with who it is. */
static void interfaces_grant(struct plan *plan, uint32_t program)
{
    endpoints_grant(plan, "", program);
}

/* The group is to be read only, the contexts in it are to be bound. */
static void child_contexts_grant(struct plan *plan, uint32_t child, uint32_t number)
{
    uint32_t threads = description_of(child)->threads;
    uint32_t first = number * (1 + threads);

    if (first + threads >= sizeof(plan->child_contexts) / sizeof(plan->child_contexts[0])) {
        return; /* the checker allows no more */
    }
    plan->child_contexts[first] =
        (struct program_grant){ .source = slot_of(child, PART_GROUP), .rights = 0 };
    for (uint32_t i = 0; i < threads; i++) {
        plan->child_contexts[first + 1 + i] =
            (struct program_grant){ .source = slot_of(child, PART_THREADS + i),
                                    .rights = RIGHT_MANAGE };
    }
    plan->spec.child_contexts = plan->child_contexts;
    plan->spec.child_threads = (uint16_t)threads;
}

/* What its children may get, each capability named by "NUMBER:". */
static void children_grant(struct plan *plan, uint32_t program)
{
    char prefix[PROGRAM_NAME_BYTES], name[PROGRAM_NAME_BYTES];
    uint32_t child;
    uint16_t number = 0;

    for (; child_at(program, number, &child); number++) {
        (void)format(prefix, sizeof(prefix), "%u:", number);
        (void)format(name, sizeof(name), "%scontext", prefix);
        grant_add(plan, name, slot_of(child, PART_CONTEXT), RIGHT_MANAGE, 0);
        (void)format(name, sizeof(name), "%sevents", prefix);
        grant_add(plan, name, slot_of(child, PART_EVENTS), RIGHT_WAIT | RIGHT_SIGNAL | RIGHT_MANAGE,
                  0);
        (void)format(name, sizeof(name), "%sfaults", prefix);
        grant_add(plan, name, slot_of(child, PART_HANDLER), RIGHT_CALL, 0);
        endpoints_grant(plan, prefix, child);
        sessions_of_child(child, number, plan->sessions, &plan->spec.session_count);
        child_contexts_grant(plan, child, number);
        plan->spec.child_rank = (uint16_t)description_of(child)->rank;
    }
    plan->spec.child_count = number;
    if (number != 0) {
        plan->spec.table_log2 = PARENT_TABLE_LOG2;
        grant_add(plan, "children", slot_of(program, PART_PARENT), RIGHT_CALL, 0);
    }
}

/* The same for what lies at I/O ports. */
static void ports_grant(struct plan *plan, uint32_t program)
{
    plan->spec.ports_first = description_of(program)->ports_first;
    grant_add(plan, "ports", slot_of(program, PART_PORTS), RIGHT_READ | RIGHT_WRITE, 0);
    plan->spec.irqs = record_of(program)->irqs;
    plan->spec.irq_count = PROGRAM_IRQS_MAX;
}

/* What a driver gets of its device. */
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

static void resources_grant(struct plan *plan, uint32_t program)
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
    if (description->grants_bytes != 0) {
        grant_add(plan, "grants", WARDEN_SLOT_EAR, RIGHT_CALL, BADGE_LENDER | (program + 1));
    }
    if (description->flags & DESCRIPTION_TRACE) {
        grant_add(plan, "trace", WARDEN_SLOT_TRACE, RIGHT_READ, 0);
    }
    if (description->flags & DESCRIPTION_ARCHIVE) {
        grant_add(plan, "archive", WARDEN_SLOT_ARCHIVE, RIGHT_READ, 0);
    }
    if (description->flags & DESCRIPTION_ECAM) {
        grant_add(plan, "ecam", slot_of(program, PART_ECAM),
                  RIGHT_READ | RIGHT_WRITE | RIGHT_MANAGE, 0);
    }
}

err_t ecam_keep(uint32_t program)
{
    uint32_t buses = warden()->page->pci_ecam_buses;

    if ((description_of(program)->flags & DESCRIPTION_ECAM) == 0) {
        return ERR_OK;
    }
    buses = buses < ECAM_BUSES_MAX ? buses : ECAM_BUSES_MAX;
    return device_frame_keep(slot_of(program, PART_ECAM), warden()->page->pci_ecam_base,
                             (uint64_t)buses * ECAM_PAGES_PER_BUS * PAGE_BYTES);
}

void grants_plan(struct plan *plan, uint32_t program)
{
    interfaces_grant(plan, program);
    children_grant(plan, program);
    if (description_of(program)->device_vendor != 0) {
        device_grant(plan, program);
    }
    if (description_of(program)->ports_count != 0) {
        ports_grant(plan, program);
    }
    resources_grant(plan, program);
}
