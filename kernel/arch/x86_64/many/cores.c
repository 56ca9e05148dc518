/* SPDX-License-Identifier: MIT */
/*
 * The kernel for several cores: a lock for each, and one for who takes all of them (docs/locking.md). A core works with its own, and
 * so never meets another; for what concerns others, or all, it takes all. Who has them may change anything that hangs on any core, but
 * for what is in another core's hardware: for that he asks it, and it answers while it waits for a lock.
 *
 * Invariants: who is_outside may be in user mode, or works with a lock that it had at once: the registers of its current thread are in the hardware,
 * and nobody else changes which thread that is. Who is not waits for a lock, has all, or is idle. wants is 0 whenever nobody has all.
 */
#include "arch/arch.h"
#include "arch_private.h"
#include "core/alone.h"
#include "core/core.h"
#include "core/inbox.h"
#include "core/remote.h"
#include "cpu.h"
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
    flushes_serve(core);
    inbox_catch_up(core);
}

/* The next to run had an exception in hand when its core was asked to look at something else. */
static bool has_trap(const struct core *core)
{
    return core->current != NULL && core->current->registers.trap != 0;
}

/* With a lock still held: who looks at these has it then. */
static void go_outside(struct core *core)
{
    core->must_look = false;
    core->arch.is_idle = core->current == NULL;
    atomic_store_explicit(&core->arch.is_outside, core->current != NULL, memory_order_relaxed);
}

/* With all locks. Any number of threads may have kept one: a preemption point behind each. */
static void traps_tell(struct core *core)
{
    while (has_trap(core)) {
        struct arch_registers *registers = &core->current->registers;
        uint64_t trap = registers->trap;
        uint32_t vector;

        registers->trap = 0;
        arch_on_vector(core, trap, 0);
        if (!has_trap(core) || !arch_interrupt_pending(core)) {
            continue;
        }
        while (pending_next(core, &vector)) {
            arch_on_vector(core, vector, 0);
        }
        all_give(core);
        all_take(core);
        catch_up(core);
        core_finish(core);
    }
}

static void all_leave(struct core *core)
{
    catch_up(core);
    core_finish(core);
    traps_tell(core);
    inbox_tell_key(core); /* nobody can send */
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

/* An entry that has changed nothing, and needs all. */
static void syscall_with_all(struct core *core)
{
    if (!syscall_waits(core, own_widen, all_leave)) {
        core_on_syscall(core);
        all_leave(core);
    }
}

/* After an entry that had its lock at once, and all later, if at all. The core still counts as outside. */
static void left(struct core *core)
{
    if (!core->gives_all) {
        own_leave(core);
    } else if (core->must_expire || core->must_look || core->current == NULL) {
        all_leave(core);
    } else {
        inbox_tell_key(core);
        all_give(core);
    }
}

void locked_left_syscall(struct core *core)
{
    if (core_is_done(core)) {
        left(core);
    } else {
        syscall_with_all(core);
    }
}

void locked_on_letters(struct core *core)
{
    if (core_try_syscall(core)) {
        left(core);
    } else {
        syscall_with_all(core);
    }
}

void locked_on_syscall(struct core *core)
{
    if (!own_try(core) && syscall_waits(core, own_take, own_leave)) {
        return;
    }
    if (!core_try_syscall(core)) {
        syscall_with_all(core);
    } else if (core->gives_all) {
        all_leave(core);
    } else {
        own_leave(core);
    }
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

/* With the own lock, or more; false: nothing has changed. */
static bool try_vector(struct core *core, uint64_t vector, uint64_t error)
{
    arch_on_vector(core, vector, error);
    return core_is_done(core);
}

static void vector_with_all(struct core *core, uint64_t vector, uint64_t error)
{
    if (!vector_waits(core, vector, own_widen, all_leave)) {
        arch_on_vector(core, vector, error);
        all_leave(core);
    }
}

void locked_left_vector(struct core *core, uint64_t vector, uint64_t error)
{
    if (core_is_done(core)) {
        left(core);
    } else {
        vector_with_all(core, vector, error);
    }
}

void locked_on_vector(struct core *core, uint64_t vector, uint64_t error)
{
    if (!own_try_unwanted(core) && vector_waits(core, vector, own_take, own_leave)) {
        return;
    }
    if (!try_vector(core, vector, error)) {
        vector_with_all(core, vector, error);
    } else if (core->gives_all) {
        all_leave(core);
    } else {
        own_leave(core);
    }
}

/* Interrupts that were noted; with all locks from the first on that needs them. */
static void pending_take(struct core *core)
{
    uint32_t vector;

    while (pending_next(core, &vector)) {
        if (!try_vector(core, vector, 0)) {
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
void arch_leave_slowly(struct core *core)
{
    for (;;) {
        if (!own_try_unwanted(core)) {
            own_take(core);
        }
        catch_up(core);
        pending_take(core);
        if (core->gives_all) {
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
