/* SPDX-License-Identifier: MIT */
/*
 * The kernel for several cores: a lock for each, and one for who takes all of them (docs/locking.md). A core works with its own, and
 * so never meets another; for what concerns others, or all, it takes all. Who has them may change anything that hangs on any core, but
 * for what is in another core's hardware: for that he asks it, and it answers while it waits for a lock.
 *
 * Invariants: who is_outside may be in user mode, or works with its own lock: the registers of its current thread are in the hardware,
 * and nobody else changes which thread that is. Who is not waits for a lock, has all, or is idle. wants is 0 whenever nobody has all.
 * Order: nobody who holds a lock waits for the lock of all; who has that takes the cores' in the order of their numbers.
 */
#include "arch/arch.h"
#include "arch_private.h"
#include "core/alone.h"
#include "core/core.h"
#include "core/inbox.h"
#include "core/remote.h"
#include "cpu.h"
#include "many/locked.h"
#include "offsets.h"
#include "trap.h"

/*
 * Whoever of those that wait sees it free first has it. First come, first served is fairer, but in a virtual machine with more cores than its
 * host has processors it makes all wait for one that does not run: docs/locking.md.
 */
struct lock_of_all {
    _Alignas(64) _Atomic bool is_held;
    _Alignas(64) _Atomic uint32_t waiting; /* for it, or for their own while somebody has all */
};
static struct lock_of_all lock_of_all;

/* What who has all locks wants of this core's hardware. */
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

/* --- The locks --- */

/* Acquire: pairs with the release in lock_give(). */
static inline bool lock_try(_Atomic bool *lock)
{
    return !atomic_load_explicit(lock, memory_order_relaxed) &&
           !atomic_exchange_explicit(lock, true, memory_order_acquire);
}

static inline void lock_give(_Atomic bool *lock)
{
    /* Release: pairs with the acquire in lock_try(). */
    atomic_store_explicit(lock, false, memory_order_release);
}

/* Its registers are in the thread that ran: from here on anything may happen to that, until a lock is had. */
static void go_inside(struct core *core)
{
    /* Release: the registers are in the thread. Pairs with the acquire in core_stop(). */
    atomic_store_explicit(&core->arch.is_outside, false, memory_order_release);
}

static __attribute__((noinline)) void lock_wait(struct core *core, _Atomic bool *lock)
{
    atomic_fetch_add_explicit(&lock_of_all.waiting, 1, memory_order_relaxed);
    while (!lock_try(lock)) {
        wants_serve(core);
        cpu_pause();
    }
    atomic_fetch_sub_explicit(&lock_of_all.waiting, 1, memory_order_relaxed);
}

bool cores_wait(void)
{
    return atomic_load_explicit(&lock_of_all.waiting, memory_order_relaxed) != 0;
}

bool arch_has_all(void)
{
    return core_this()->has_all;
}

/* With the lock of all nobody else waits for more than one; the others' own are held for a short while only, and not while they wait. */
static void all_take(struct core *core)
{
    const struct machine *machine = core->machine;

    assert(!core->gives_all);
    go_inside(core);
    lock_wait(core, &lock_of_all.is_held);
    for (uint32_t i = 0; i < machine->core_count; i++) {
        while (!lock_try(&machine->cores[i]->arch.own_lock)) {
            cpu_pause();
        }
    }
    core->has_all = core->gives_all = true;
    core_settle(core);
    inbox_take_all(core);
}

/* Others' own below count, and that of all. */
static inline void others_give(const struct core *core, uint32_t count)
{
    while (count-- > 0) {
        if (core->machine->cores[count] != core) {
            lock_give(&core->machine->cores[count]->arch.own_lock);
        }
    }
    lock_give(&lock_of_all.is_held);
}

/* Another's own, if nothing is under way there. */
static bool other_try(struct core *other)
{
    if (!lock_try(&other->arch.own_lock)) {
        return false;
    }
    if (core_is_settled(other)) {
        return true;
    }
    lock_give(&other->arch.own_lock);
    return false;
}

bool arch_try_all(struct core *core)
{
    const struct machine *machine = core->machine;
    uint32_t count = 0;

    if (!lock_try(&lock_of_all.is_held)) {
        return false;
    }
    for (; count < machine->core_count; count++) {
        if (machine->cores[count] != core && !other_try(machine->cores[count])) {
            break;
        }
    }
    if (count == machine->core_count && core_is_settled(core)) {
        core->has_all = core->gives_all = true;
        return true;
    }
    others_give(core, count);
    return false;
}

static void all_give(struct core *core)
{
    core->has_all = core->machine->core_count == 1; /* for good: there is nobody else */
    core->gives_all = false;
    others_give(core, core->machine->core_count);
    lock_give(&core->arch.own_lock);
}

/* Waits for the own lock while somebody has all. */
static void own_take(struct core *core)
{
    go_inside(core);
    lock_wait(core, &core->arch.own_lock);
}

/* From the own lock to all: in between others may have all, and do anything. */
static void own_widen(struct core *core)
{
    go_inside(core);
    lock_give(&core->arch.own_lock);
    all_take(core);
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
    core->must_look = false;
    core->arch.is_idle = core->current == NULL;
    atomic_store_explicit(&core->arch.is_outside, core->current != NULL, memory_order_relaxed);
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
    lock_give(&core->arch.own_lock);
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
    if (!lock_try(&core->arch.own_lock) && syscall_waits(core, own_take, own_leave)) {
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
    if (!lock_try(&core->arch.own_lock) && vector_waits(core, vector, own_take, own_leave)) {
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
        if (!lock_try(&core->arch.own_lock)) {
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
