/* SPDX-License-Identifier: MIT */
/* Making a program from its description. It gets what its entry says, and nothing else. */
#include "plan.h"

#include "pith/archive.h"
#include "pith/kernel_calls.h"
#include "say.h"
#include "service/service.h"

#include "abi/names.h"

enum { TABLE_OF_THREADS = 9 }; /* each takes about ten slots */

static uint32_t machine_rights(const struct description_program *description)
{
    return (description->flags & DESCRIPTION_DEBUG_WRITE ? (uint32_t)RIGHT_WRITE : 0u) |
           (description->flags & DESCRIPTION_DEBUG_READ ? (uint32_t)RIGHT_READ : 0u);
}

void plan_make(struct plan *plan, uint32_t program)
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
                               .spare_priority = description->spare_priority,
                               .core = description->core,
                               .budget_ns = description->budget_ns,
                               .period_ns = description->period_ns,
                               .context_count = description->threads,
                               .table_log2 = description->threads != 0 ? TABLE_OF_THREADS : 0,
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
    grants_plan(plan, program);
}

err_t parts_keep(uint32_t program)
{
    const struct description_program *description = description_of(program);
    err_t err = object_keep(slot_of(program, PART_ENDPOINT), OBJECT_ENDPOINT, description->rank);

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
    if (err == ERR_OK) {
        err = object_keep(slot_of(program, PART_UNTYPED), OBJECT_UNTYPED,
                          (description->memory_bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1));
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
    err_t err;

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
    if (warden()->is_unfit[program]) {
        why = "there is no memory for all that it needs";
        err = ERR_NO_MEMORY;
    }
    if (err == ERR_OK && description_of(program)->device_vendor != 0) {
        err = device_keep(program, &why);
    }
    if (err == ERR_OK && description_of(program)->ports_count != 0) {
        err = ports_keep(program, &why);
    }
    if (err == ERR_OK) {
        why = "PCI configuration space cannot be had";
        err = ecam_keep(program);
    }
    if (err == ERR_OK) {
        plan_make(&plan, program);
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
