/* SPDX-License-Identifier: MIT */
/*
 * The kernel for several cores: one lock for all of it (docs/locking.md). Who holds the lock may change anything that hangs on any
 * core, but for what is in another core's hardware: for that he asks it, and it answers while it waits for the lock.
 *
 * Invariants: who is_outside may be in user mode: the registers of its current thread are in the hardware, and nobody changes which
 * thread that is. Who is not waits for the lock, holds it, or is idle. wants is 0 whenever nobody holds the lock.
 */
#include "arch/arch.h"
#include "arch_private.h"
#include "core/core.h"
#include "core/remote.h"
#include "cpu.h"
#include "many/locked.h"
#include "offsets.h"
#include "trap.h"

enum core_want { WANT_LEAVE_SPACE = 1, WANT_FPU = 2 };

/*
 * Whoever of those that wait sees it free first has it. First come, first served is fairer, but in a virtual machine with more cores than its
 * host has processors it makes all wait for one that does not run: docs/locking.md.
 */
struct kernel_lock {
    _Alignas(64) _Atomic bool is_held;
    _Alignas(64) _Atomic uint32_t waiting;
};
static struct kernel_lock kernel_lock;

/* What the holder of the lock wants of this core's hardware. */
static void wants_serve(struct core *core)
{
    struct arch_core *arch = &core->arch;
    /* Acquire: pairs with the release in want(): what it is about is as the other left it. */
    uint32_t wants = atomic_load_explicit(&arch->wants, memory_order_acquire);

    if (wants == 0) {
        return;
    }
    if ((wants & WANT_LEAVE_SPACE) != 0) {
        arch->root = paging_kernel_root;
        cr3_write(paging_kernel_root);
    }
    if ((wants & WANT_FPU) != 0) {
        fpu_release(core);
    }
    /* Release: pairs with the acquire in want(). */
    atomic_store_explicit(&arch->wants, 0, memory_order_release);
}

/* Acquire: pairs with the release in unlock(). */
static inline bool lock_try(void)
{
    return !atomic_load_explicit(&kernel_lock.is_held, memory_order_relaxed) &&
           !atomic_exchange_explicit(&kernel_lock.is_held, true, memory_order_acquire);
}

static __attribute__((noinline)) void lock_wait(struct core *core)
{
    atomic_fetch_add_explicit(&kernel_lock.waiting, 1, memory_order_relaxed);
    while (!lock_try()) {
        wants_serve(core);
        cpu_pause();
    }
    atomic_fetch_sub_explicit(&kernel_lock.waiting, 1, memory_order_relaxed);
}

/* With the lock at once: nobody has asked for this core since it went outside, for he would hold the lock until it answers. */
static inline bool enter_at_once(struct core *core)
{
    if (!lock_try()) {
        return false;
    }
    atomic_store_explicit(&core->arch.is_outside, false, memory_order_relaxed);
    core->arch.is_idle = false;
    return true;
}

/* From here on anything may happen to the thread that ran, before the lock is had: it may be stopped, moved, destroyed. */
static void enter_slowly(struct core *core)
{
    /* Release: the registers are in the thread. Pairs with the acquire in core_stop(). */
    atomic_store_explicit(&core->arch.is_outside, false, memory_order_release);
    lock_wait(core);
    core->arch.is_idle = false;
}

void kernel_enter(struct core *core)
{
    if (!enter_at_once(core)) {
        enter_slowly(core);
    }
}

static void unlock(void)
{
    /* Release: pairs with the acquire in lock_try(). */
    atomic_store_explicit(&kernel_lock.is_held, false, memory_order_release);
}

bool cores_wait(void)
{
    return atomic_load_explicit(&kernel_lock.waiting, memory_order_relaxed) != 0;
}

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
}

/* Exceptions that threads had in hand when their core was asked to look at something else. */
static void traps_tell(struct core *core)
{
    struct thread *thread;

    while ((thread = core->current) != NULL && thread->registers.trap != 0) {
        uint64_t vector = thread->registers.trap;

        thread->registers.trap = 0;
        arch_on_vector(core, vector, 0);
    }
}

void kernel_leave(struct core *core)
{
    catch_up(core);
    traps_tell(core);
    if (core->current != NULL) {
        atomic_store_explicit(&core->arch.is_outside, true, memory_order_relaxed);
    }
    unlock();
}

/* A core that was asked to choose anew while it waited does that first: its thread is as if it had not come yet. */
void locked_on_syscall(struct core *core)
{
    if (!enter_at_once(core)) {
        struct arch_registers *registers = &core->current->registers;
        uint64_t ip = registers->ip;

        arch_syscall_restart(registers);
        enter_slowly(core);
        if (core->arch.is_poked) {
            kernel_leave(core);
            return;
        }
        registers->ip = ip;
    }
    core_on_syscall(core);
    kernel_leave(core);
}

void locked_on_vector(struct core *core, uint64_t vector, uint64_t error)
{
    if (!enter_at_once(core)) {
        struct arch_registers *registers = &core->current->registers;

        registers->trap = vector_comes_again(vector) ? 0 : (uint8_t)vector;
        enter_slowly(core);
        if (vector < VECTOR_EXCEPTIONS) {
            if (core->arch.is_poked) {
                kernel_leave(core);
                return;
            }
            registers->trap = 0;
        }
    }
    arch_on_vector(core, vector, error);
    kernel_leave(core);
}

/*
 * Interrupts wait, or there was nobody to run. Until is_outside is false nothing is certain: a thread that was to run here is still
 * current, and nobody else touches it.
 */
void locked_leave_slowly(struct core *core)
{
    for (;;) {
        kernel_enter(core);
        catch_up(core);
        while (core->arch.pending_any != 0) {
            pending_deliver(core);
            catch_up(core);
        }
        if (core->current != NULL) {
            kernel_leave(core);
            return;
        }
        core->arch.is_idle = true;
        unlock();
        interrupts_wait();
    }
}

/* --- By the holder of the lock, to another core --- */

bool arch_core_is_this(const struct core *core)
{
    return core == core_this();
}

/* The core is in the kernel and stays there until the lock is given back. */
static void core_stop(struct core *core)
{
    struct arch_core *arch = &core->arch;

    /* Acquire: pairs with the release in kernel_enter(). */
    if (!atomic_load_explicit(&arch->is_outside, memory_order_acquire)) {
        return;
    }
    lapic_send(arch->apic_id, VECTOR_POKE);
    while (atomic_load_explicit(&arch->is_outside, memory_order_acquire)) {
        cpu_pause();
    }
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
    while (atomic_load_explicit(&core->arch.wants, memory_order_acquire) != 0) {
        cpu_pause();
    }
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

/* One page or all: the core has left user mode anyway. */
void arch_core_flush_page(struct core *core, user_addr_t addr)
{
    (void)addr;
    arch_core_flush_all(core);
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
