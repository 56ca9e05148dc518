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

/* Acquire and release: pair with those in arch_flush_others(). What is asked meanwhile is done the next time. */
void flushes_serve(struct core *core)
{
    struct arch_core *arch = &core->arch;
    uint32_t wanted = atomic_load_explicit(&arch->flushes_wanted, memory_order_acquire);

    if (wanted != atomic_load_explicit(&arch->flushes_done, memory_order_relaxed)) {
        arch_tlb_flush_all();
        atomic_store_explicit(&arch->flushes_done, wanted, memory_order_release);
    }
}

/* With the own lock alone: another may have its own, too, and do the same. So whoever waits does what it is asked for. */
static void flush_await(struct core *core, struct core *other, uint32_t wanted)
{
    LOCK_MARK_NOP(LOCK_SPINS);
    while ((int32_t)(atomic_load_explicit(&other->arch.flushes_done, memory_order_acquire) -
                     wanted) < 0) {
        flushes_serve(core);
        cpu_pause();
    }
    LOCK_MARK_NOP(LOCK_SPUN);
}

void arch_flush_others(struct core *core, phys_t root)
{
    const struct machine *machine = core->machine;
    uint32_t wanted[ARCH_CORES];
    uint64_t asked = 0;

    /* The tables are changed before it is looked who has them: whoever loads them from here on sees the change. */
    atomic_thread_fence(memory_order_seq_cst);
    for (uint32_t i = 0; i < machine->core_count; i++) {
        struct core *other = machine->cores[i];

        if (other == core ||
            atomic_load_explicit(&other->arch.root, memory_order_relaxed) != root) {
            continue;
        }
        if (core->has_all) {
            core_stop(other);
        }
        wanted[i] =
            1 + atomic_fetch_add_explicit(&other->arch.flushes_wanted, 1, memory_order_acq_rel);
        if (!core->has_all) {
            lapic_send(other->arch.apic_id, VECTOR_POKE);
            asked |= 1ull << i;
        }
    }
    for (; asked != 0; asked &= asked - 1) {
        uint32_t i = (uint32_t)__builtin_ctzll(asked);

        flush_await(core, machine->cores[i], wanted[i]);
    }
}

void fpu_release(struct core *core)
{
    if (core->arch.fpu_owner == NULL) {
        return;
    }
    task_switched_clear();
    fpu_save_owner(core);
    core->arch.fpu_owner = NULL;
    if (core->arch.fpu_is_off) {
        cr0_write(cr0_read() | CR0_TS);
    }
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
