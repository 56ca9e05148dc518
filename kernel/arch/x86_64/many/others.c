/* SPDX-License-Identifier: MIT */
/* What who has all locks does to another core (docs/locking.md). What is in its hardware he asks of it; it answers while it waits for a lock (locks.c). */
#include "arch/arch.h"
#include "arch_private.h"
#include "core/core.h"
#include "core/remote.h"
#include "cpu.h"
#include "many/lock_marks.h"
#include "many/locked.h"
#include "trap.h"

bool arch_core_is_this(const struct core *core)
{
    return core == core_this();
}

/* The core is in the kernel and stays there until its lock is given back. */
static void core_stop(struct core *core)
{
    struct arch_core *arch = &core->arch;

    core_needs_all();
    /* Acquire: pairs with the release in go_inside(). */
    if (!atomic_load_explicit(&arch->is_outside, memory_order_acquire)) {
        return;
    }
    lapic_send(arch->apic_id, VECTOR_POKE);
    LOCK_MARK_NOP(LOCK_SPINS);
    while (atomic_load_explicit(&arch->is_outside, memory_order_acquire)) {
        cpu_pause();
    }
    LOCK_MARK_NOP(LOCK_SPUN);
}

static void wake(const struct core *core)
{
    if (core->arch.is_idle) {
        lapic_send(core->arch.apic_id, VECTOR_POKE);
    }
}

/* The core has done it when this returns. */
static void want(struct core *core, enum core_want what)
{
    core_stop(core);
    /* Release: pairs with the acquire in wants_serve(). */
    atomic_store_explicit(&core->arch.wants, what, memory_order_release);
    wake(core);
    LOCK_MARK_NOP(LOCK_SPINS);
    while (atomic_load_explicit(&core->arch.wants, memory_order_acquire) != 0) {
        cpu_pause();
    }
    LOCK_MARK_NOP(LOCK_SPUN);
}

void arch_core_interrupt(struct core *core)
{
    lapic_send(core->arch.apic_id, VECTOR_POKE);
}

void arch_core_poke(struct core *core)
{
    core_stop(core);
    core->arch.is_poked = true;
    wake(core);
}

void arch_core_flush_all(struct core *core)
{
    core_stop(core);
    core->arch.must_flush = true;
}

void arch_thread_leave(struct core *core, struct thread *thread)
{
    if (core->arch.fpu_owner != thread) {
        return;
    }
    if (arch_core_is_this(core)) {
        fpu_release(core);
    } else {
        want(core, WANT_FPU);
    }
}

void core_leave_space(struct core *core)
{
    want(core, WANT_LEAVE_SPACE);
}
