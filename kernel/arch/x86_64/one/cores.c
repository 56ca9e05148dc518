/* SPDX-License-Identifier: MIT */
/*
 * The kernel for one core. What arch/arch.h wants done to others is called nowhere, and so is not there: a call that is not compiled out
 * does not link.
 */
#include "arch_private.h"
#include "core/core.h"
#include "cpu.h"
#include "trap.h"

void arch_leave_slowly(struct core *core);

/* The way out when interrupts wait, or when there is nobody to run. */
void arch_leave_slowly(struct core *core)
{
    uint32_t vector;

    for (;;) {
        while (pending_next(core, &vector)) {
            arch_on_vector(core, vector, 0);
        }
        if (core->current != NULL) {
            return;
        }
        interrupts_wait();
    }
}

bool cores_wait(void)
{
    return false;
}

void cores_prepare(struct boot_plan *plan, const struct acpi_facts *facts)
{
    (void)plan;
    (void)facts;
}

void cores_start(struct core *core)
{
    (void)core;
}

void cores_claim_panic(void)
{
}
