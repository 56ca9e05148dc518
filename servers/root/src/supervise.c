/* SPDX-License-Identifier: MIT */
/* Faults of programs, and their ends. The root program does this on its own time, never on the dead one's. */
#include "root.h"

#include "pith/debug.h"
#include "pith/kernel_calls.h"
#include "pith/start.h"

#include "abi/names.h"

void root_program_counts(const struct root_program *program, ns_t *used_ns, uint64_t *switches)
{
    uint64_t used = 0, remaining, budget, period, address, ip, count = 0;
    uint32_t priority, state, fault, rank;

    *used_ns = program->used_ns;
    *switches = program->switches;
    if (program->state != SYSTEM_STATE_RUNNING) {
        return;
    }
    if (sched_context_info(program->program.context, &used, &remaining, &priority, &budget,
                           &period) == ERR_OK) {
        *used_ns += used;
    }
    if (thread_info(program->program.thread, &state, &fault, &address, &ip, &rank, &count) ==
        ERR_OK) {
        *switches += count;
    }
}

void root_program_stop(struct root_program *program, enum system_state state)
{
    ns_t used_ns;
    uint64_t switches;

    root_program_counts(program, &used_ns, &switches);
    program->used_ns = used_ns;
    program->switches = switches;
    program_destroy(&program->program);
    program->state = state;
}

/* An end is a fault at an address that says so: pith/start.h. */
static bool fault_is_end(uint32_t fault, uint64_t address)
{
    return fault == FAULT_NOT_PRESENT && address >= PROGRAM_EXIT_ADDR &&
           address < PROGRAM_EXIT_ADDR + PROGRAM_EXIT_STATUSES;
}

static enum system_state fault_report(struct root_program *program)
{
    uint32_t state, fault = 0, rank;
    uint64_t address = 0, ip = 0, switches;
    const char *name = program->description->name;

    if (thread_info(program->program.thread, &state, &fault, &address, &ip, &rank, &switches)) {
        return SYSTEM_STATE_FAULTED;
    }
    program->fault = fault;
    program->fault_address = address;
    if (fault_is_end(fault, address)) {
        program->status = (uint32_t)(address - PROGRAM_EXIT_ADDR);
        debug_printf("root: %s ended with status %u\n", name, program->status);
        return SYSTEM_STATE_ENDED;
    }
    debug_printf("root: %s faulted: %s at %p, ip %p\n", name, fault_name(fault),
                 (const void *)address, (const void *)ip);
    return SYSTEM_STATE_FAULTED;
}

void root_fault(uint64_t badge)
{
    uint64_t number = (badge & ~BADGE_FAULT) - 1;

    if (number >= root()->program_count) {
        return;
    }
    struct root_program *program = &root()->programs[number];

    if (program->state != SYSTEM_STATE_RUNNING) {
        return;
    }
    uint64_t bytes = program->program.memory_bytes;
    enum system_state state = fault_report(program);

    root_program_stop(program, state);
    debug_printf("root: %s destroyed, %lu KiB given back\n", program->description->name,
                 bytes / 1024);
    if (program->description->restart_limit == 0) {
        return;
    }
    if (program->restarts == program->description->restart_limit) {
        debug_printf("root: %s was restarted %u times, and stays down\n",
                     program->description->name, program->restarts);
        return;
    }
    program->restarts++;
    if (root_program_start(program) == ERR_OK) {
        debug_printf("root: %s restarted (%u of %u)\n", program->description->name,
                     program->restarts, program->description->restart_limit);
    }
}
