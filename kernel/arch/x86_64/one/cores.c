/* SPDX-License-Identifier: MIT */
/*
 * The kernel for one core. What arch/arch.h wants done to others is never called.
 */
#include "arch/arch.h"
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

static _Noreturn void no_other(void)
{
    arch_panic("there is no other core", __FILE__, __LINE__);
}

bool arch_has_all(void)
{
    no_other();
}

bool arch_core_is_this(const struct core *core)
{
    (void)core;
    no_other();
}

void core_leave_space(struct core *core)
{
    (void)core;
    no_other();
}

void arch_core_poke(struct core *core)
{
    (void)core;
    no_other();
}

void arch_core_flush_page(struct core *core, user_addr_t addr)
{
    (void)core;
    (void)addr;
    no_other();
}

void arch_core_flush_all(struct core *core)
{
    (void)core;
    no_other();
}

void arch_thread_leave(struct core *core, struct thread *thread)
{
    (void)core;
    (void)thread;
    no_other();
}
