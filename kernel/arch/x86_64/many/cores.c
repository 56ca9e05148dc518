/* SPDX-License-Identifier: MIT */
/*
 * The kernel for several cores: a lock for each, and one for who takes all of them (docs/locking.md). A core works with its own, and
 * so never meets another; for what concerns others, or all, it takes all. Who has them may change anything that hangs on any core, but
 * for what is in another core's hardware: for that he asks it, and it answers while it waits for a lock.
 *
 * Invariants: who is_outside may be in user mode, or works with its own lock: the registers of its current thread are in the hardware,
 * and nobody else changes which thread that is. Who is not waits for a lock, has all, or is idle. wants is 0 whenever nobody has all.
 */
#include "arch/arch.h"
#include "arch_private.h"
#include "core/alone.h"
#include "core/core.h"
#include "core/inbox.h"
#include "core/remote.h"
#include "cpu.h"
#include "many/lock_marks.h"
#include "many/locked.h"
#include "many/locks.h"
#include "offsets.h"
#include "trap.h"

bool arch_has_all(void)
{
    return core_this()->has_all;
}

/* --- The way out --- */

/* What others left for this core while it waited, before anybody runs here. */
static void catch_up(struct core *core)
{
    struct arch_core *arch = &core->arch;

    if (arch->is_poked) {
        arch->is_poked = false;
        core_on_interrupt(core, ARCH_VECTOR_POKE);
    }
    if (arch->must_flush) {
        arch->must_flush = false;
        arch_tlb_flush_all();
    }
    inbox_catch_up(core);
}

/* The next to run had an exception in hand when its core was asked to look at something else. */
static bool has_trap(const struct core *core)
{
    return core->current != NULL && core->current->registers.trap != 0;
}

static void traps_tell(struct core *core)
{
    while (has_trap(core)) {
        struct arch_registers *registers = &core->current->registers;
        uint64_t vector = registers->trap;

        registers->trap = 0;
        arch_on_vector(core, vector, 0);
    }
}

/* With a lock still held: who looks at these has it then. */
static void go_outside(struct core *core)
{
    core->arch.is_idle = core->current == NULL;
    atomic_store_explicit(&core->arch.is_outside, core->current != NULL, memory_order_relaxed);
}

static void all_leave(struct core *core)
{
    catch_up(core);
    core_finish(core);
    traps_tell(core);
    (void)inbox_is_quiet(core); /* it is: nobody can send */
    go_outside(core);
    all_give(core);
}

static void own_leave(struct core *core)
{
    catch_up(core);
    if (core_must_finish(core) || has_trap(core)) {
        own_widen(core);
        all_leave(core);
        return;
    }
    if (!inbox_is_quiet(core)) {
        arch_core_interrupt(core); /* it sends and sends: what runs here goes on in between */
    }
    go_outside(core);
    own_give(core);
}

/* If the lock was had at once, nobody left anything meanwhile, and the core still counts as outside. */
static inline void own_leave_soon(struct core *core, bool at_once)
{
    if (at_once && core->current != NULL && !core_must_finish(core) && !has_trap(core) &&
        inbox_is_quiet(core)) {
        own_give(core);
    } else {
        own_leave(core);
    }
}

void kernel_enter(struct core *core)
{
    all_take(core);
}

void kernel_leave(struct core *core)
{
    all_leave(core);
}

/* --- The ways in --- */

/*
 * A core that was asked to choose anew while it waited does that first: its thread is as if it had not come yet.
 * True: so it is, and the core has left the kernel with what lock it had.
 */
static bool syscall_waits(struct core *core, void (*wait)(struct core *core),
                          void (*leave)(struct core *core))
{
    struct arch_registers *registers = &core->current->registers;
    uint64_t ip = registers->ip;

    arch_syscall_restart(registers);
    wait(core);
    if (core->arch.is_poked) {
        leave(core);
        return true;
    }
    registers->ip = ip;
    return false;
}

void locked_on_syscall(struct core *core)
{
    bool at_once = own_try(core);

    if (!at_once && syscall_waits(core, own_take, own_leave)) {
        return;
    }
    if (core_try_syscall(core)) {
        own_leave_soon(core, at_once);
        return;
    }
    if (syscall_waits(core, own_widen, all_leave)) {
        return;
    }
    core_on_syscall(core);
    all_leave(core);
}

/*
 * The same for an exception; one that does not come again by itself is kept. An interrupt is of no thread, and is taken in any case:
 * while its core waited for the first lock, the one that ran here may have been destroyed, and nobody is current.
 */
static bool vector_waits(struct core *core, uint64_t vector, void (*wait)(struct core *core),
                         void (*leave)(struct core *core))
{
    struct arch_registers *registers;

    if (vector >= VECTOR_EXCEPTIONS) {
        wait(core);
        return false;
    }
    registers = &core->current->registers;
    registers->trap = vector_comes_again(vector) ? 0 : (uint8_t)vector;
    wait(core);
    if (core->arch.is_poked) {
        leave(core);
        return true;
    }
    registers->trap = 0;
    return false;
}

/* With the own lock alone, if that is enough; false: nothing has changed. */
static bool try_vector(struct core *core, uint64_t vector, uint64_t error)
{
    if (vector - VECTOR_DEVICES < ARCH_IRQ_VECTORS) {
        return core_try_interrupt(core, (uint32_t)(vector - VECTOR_DEVICES));
    }
    if (vector < VECTOR_EXCEPTIONS) {
        struct arch_fault fault = fault_of(core, vector, error);

        return core_try_fault(core, &fault);
    }
    if (vector == VECTOR_TIMER) {
        if (!core_try_interrupt(core, ARCH_VECTOR_TIMER)) {
            return false;
        }
        lapic_acknowledge();
        return true;
    }
    if (vector == VECTOR_DMA_FAULT) {
        return false;
    }
    arch_on_vector(core, vector, error);
    return true;
}

void locked_on_vector(struct core *core, uint64_t vector, uint64_t error)
{
    bool at_once = own_try_unwanted(core);

    if (!at_once && vector_waits(core, vector, own_take, own_leave)) {
        return;
    }
    if (try_vector(core, vector, error)) {
        own_leave_soon(core, at_once);
        return;
    }
    if (vector_waits(core, vector, own_widen, all_leave)) {
        return;
    }
    arch_on_vector(core, vector, error);
    all_leave(core);
}

/* Interrupts that were noted; with all locks from the first on that needs them. */
static void pending_take(struct core *core)
{
    uint32_t vector;

    while (pending_next(core, &vector)) {
        if (core->has_all) {
            arch_on_vector(core, vector, 0);
        } else if (!try_vector(core, vector, 0)) {
            own_widen(core);
            arch_on_vector(core, vector, 0);
        }
        catch_up(core);
    }
}

/*
 * Interrupts wait, or there was nobody to run. Until is_outside is false nothing is certain: a thread that was to run here is still
 * current, and nobody else touches it.
 */
void locked_leave_slowly(struct core *core)
{
    for (;;) {
        if (!own_try_unwanted(core)) {
            own_take(core);
        }
        catch_up(core);
        pending_take(core);
        if (core->has_all) {
            all_leave(core);
        } else {
            own_leave(core);
        }
        if (core->current != NULL) {
            return;
        }
        interrupts_wait();
    }
}

/* --- By who has all locks, to another core --- */

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
