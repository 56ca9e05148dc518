/* SPDX-License-Identifier: MIT */
/*
 * The kernel's trace, for programs whose description says `trace`: they may read its ring, start and stop it, and ask whose a
 * thread is. A thread lies in the memory that its program was made of.
 */
#include "shell.h"

#include "pith/kernel_calls.h"
#include "warden.h"

#include "abi/trace.h"

static bool may_trace(uint64_t program)
{
    return program != 0 && program <= warden()->programs &&
           (description_of((uint32_t)program - 1)->flags & DESCRIPTION_TRACE) != 0;
}

err_t query_trace(uint64_t program, uint64_t words[8])
{
    uint64_t events = 0;

    if (!may_trace(program)) {
        return ERR_NO_RIGHT;
    }
    if (words[0] > 1) {
        return ERR_RANGE;
    }
    err_t err = machine_trace(WARDEN_SLOT_MACHINE, (uint32_t)words[0], &events);

    words[0] = events;
    return err;
}

static bool is_made_of(uint32_t program, uint64_t address)
{
    uint64_t base, size, used;
    uint32_t device;

    return is_mine(program) &&
           untyped_info(slot_of(program, PART_UNTYPED), &base, &size, &used, &device) == ERR_OK &&
           address >= base && address - base < size;
}

err_t query_thread(uint64_t program, uint64_t words[8])
{
    uint64_t address = TRACE_THREAD_PHYS(words[0]);

    if (!may_trace(program)) {
        return ERR_NO_RIGHT;
    }
    words[0] = SYSTEM_NOBODY;
    for (uint32_t i = 0; i < warden()->programs; i++) {
        if (is_made_of(i, address)) {
            words[0] = i;
        }
    }
    return ERR_OK;
}
