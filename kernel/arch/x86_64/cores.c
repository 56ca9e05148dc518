/* SPDX-License-Identifier: MIT */
/*
 * What arch/arch.h wants done to other cores. There are none yet (ARCH_CORES is 1), so that nothing here is ever
 * called: with several, these become interrupts between processors.
 */
#include "arch/arch.h"
#include "core/core.h"

static _Noreturn void no_other(void)
{
    arch_panic("there is no other core", __FILE__, __LINE__);
}

bool arch_core_is_this(const struct core *core)
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
