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
#include "many/lock_marks.h"
#include "many/locked.h"
#include "offsets.h"
#include "trap.h"

enum core_want { WANT_LEAVE_SPACE = 1, WANT_FPU = 2 };

/*
 * Whoever of those that wait sees the lock of all free first has it, but who has seen others have it TURNS_LOST times asks for it, and then it goes
 * round: who gives it back leaves it to the next of those that ask, by the cores' numbers, and nobody else takes it. First come, first served
 * from the beginning would make all wait for cores that are not there: a virtual machine has more of them than its host has processors. For the
 * same reason whose turn it is loses that, until he asks again, when another that waits has seen it not taken PATIENCE times: docs/locking.md,
 * tests/model/lock.pml.
 */
#define TURN_FREE 0u
#define TURN_OF(number) ((number) + 1u) /* free, but for the core of that number */
#define TURN_HELD 255u
#define TURN_WHO 255u /* of these, and in the other bits how often it was given back or passed on */
#define TURN_NEXT 256u
#define TURNS_LOST 4u
#define PATIENCE 64u

struct lock_of_all {
    _Alignas(64) _Atomic uint32_t turn;
    /* How many wait for it, or for their own while somebody has all; of these, by number, who asks. */
    _Alignas(64) _Atomic uint32_t waiting;
    _Atomic uint64_t asking;
    _Atomic uint64_t asking_own;
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

bool cores_wait(void)
{
    return atomic_load_explicit(&lock_of_all.waiting, memory_order_relaxed) != 0;
}

static uint32_t turn_now(void)
{
    return atomic_load_explicit(&lock_of_all.turn, memory_order_relaxed);
}

/* Gives the turn since which it waits. */
static uint32_t wait_begin(void)
{
    atomic_fetch_add_explicit(&lock_of_all.waiting, 1, memory_order_relaxed);
    return turn_now();
}

static bool asks(const struct core *core, const _Atomic uint64_t *asking)
{
    return (atomic_load_explicit(asking, memory_order_relaxed) & 1ull << core->number) != 0;
}

/* True: it asks from now on. Relaxed: if who gives the lock back does not see it yet, that is one more turn. */
static bool ask(const struct core *core, uint32_t since, _Atomic uint64_t *asking)
{
    uint32_t lost = (turn_now() & ~TURN_WHO) - (since & ~TURN_WHO);

    if (lost < TURNS_LOST * TURN_NEXT || asks(core, asking)) {
        return false;
    }
    atomic_fetch_or_explicit(asking, 1ull << core->number, memory_order_relaxed);
    return true;
}

static void ask_no_more(uint32_t number, _Atomic uint64_t *asking)
{
    atomic_fetch_and_explicit(asking, ~(1ull << number), memory_order_relaxed);
}

/* True: it asked to the end. */
static bool wait_end(const struct core *core, _Atomic uint64_t *asking)
{
    bool has_asked = asks(core, asking);

    if (has_asked) {
        ask_no_more(core->number, asking);
    }
    atomic_fetch_sub_explicit(&lock_of_all.waiting, 1, memory_order_relaxed);
    return has_asked;
}

/* The turn after this one, for who asks and comes next behind the core of that number. */
static uint32_t turn_behind(uint32_t turn, uint32_t number)
{
    uint64_t asking =
        atomic_load_explicit(&lock_of_all.asking, memory_order_relaxed) & ~(1ull << number);
    uint64_t higher = asking & (~1ull << number);
    uint32_t next = (turn & ~TURN_WHO) + TURN_NEXT;

    if (asking == 0) {
        return next | TURN_FREE;
    }
    return next | TURN_OF((uint32_t)__builtin_ctzll(higher != 0 ? higher : asking));
}

/* Acquire: pairs with the release in turn_give(). */
static inline bool turn_take(const struct core *core, uint32_t turn)
{
    uint32_t who = turn & TURN_WHO;

    return (who == TURN_FREE || who == TURN_OF(core->number)) &&
           atomic_compare_exchange_strong_explicit(&lock_of_all.turn, &turn, turn | TURN_HELD,
                                                   memory_order_acquire, memory_order_relaxed);
}

static void turn_give(const struct core *core)
{
    LOCK_MARK_NOP(LOCK_GIVES_ALL);
    /* Release: pairs with the acquire in turn_take(). */
    atomic_store_explicit(&lock_of_all.turn, turn_behind(turn_now(), core->number),
                          memory_order_release);
}

/* It was not taken by whose turn it is. */
static void turn_pass(uint32_t turn)
{
    uint32_t absent = (turn & TURN_WHO) - TURN_OF(0);

    if (atomic_compare_exchange_strong_explicit(&lock_of_all.turn, &turn, turn_behind(turn, absent),
                                                memory_order_relaxed, memory_order_relaxed)) {
        LOCK_MARK_NOP(LOCK_PASSES_ALL);
        ask_no_more(absent, &lock_of_all.asking);
    }
}

static __attribute__((noinline)) void turn_wait(struct core *core)
{
    uint32_t since = wait_begin();
    uint32_t seen = since;
    uint32_t looks = 0;
    uint32_t turn;

    LOCK_MARK_NOP(LOCK_WAITS_ALL);
    while (!turn_take(core, turn = turn_now())) {
        if (turn != seen) {
            seen = turn;
            looks = 0;
        } else if ((turn & TURN_WHO) != TURN_HELD && ++looks == PATIENCE) {
            turn_pass(turn);
        }
        if (ask(core, since, &lock_of_all.asking)) {
            LOCK_MARK_NOP(LOCK_ASKS_ALL);
        }
        wants_serve(core);
        cpu_pause();
    }
    if (wait_end(core, &lock_of_all.asking)) {
        LOCK_MARK_NOP(LOCK_ASKED_ALL);
    }
}

bool arch_has_all(void)
{
    return core_this()->has_all;
}

/*
 * By who has the lock of all. Who asks for his own goes first, if he is there; who has it and comes again and again is interrupted, and waits then:
 * so neither keeps the other from it for long.
 */
static void own_take_of(struct core *other)
{
    uint32_t looks = 0;

    while (asks(other, &lock_of_all.asking_own)) {
        if (++looks == PATIENCE) {
            LOCK_MARK_NOP(LOCK_PASSES_OWN);
            ask_no_more(other->number, &lock_of_all.asking_own);
            break;
        }
        cpu_pause();
    }
    for (looks = 0; !lock_try(&other->arch.own_lock); looks++) {
        if (looks == PATIENCE) {
            /* Relaxed: the interrupt comes later, and who sees it sooner waits sooner. */
            atomic_store_explicit(&other->arch.is_wanted, true, memory_order_relaxed);
            lapic_send(other->arch.apic_id, VECTOR_POKE);
        }
        cpu_pause();
    }
    atomic_store_explicit(&other->arch.is_wanted, false, memory_order_relaxed);
}

/* With the lock of all nobody else waits for more than one. */
static void all_take(struct core *core)
{
    const struct machine *machine = core->machine;

    assert(!core->has_all);
    go_inside(core);
    if (!turn_take(core, turn_now())) {
        turn_wait(core);
    }
    LOCK_MARK_NOP(LOCK_HAS_ALL);
    LOCK_MARK_NOP(LOCK_SPINS);
    for (uint32_t i = 0; i < machine->core_count; i++) {
        own_take_of(machine->cores[i]);
    }
    LOCK_MARK_NOP(LOCK_SPUN);
    core->has_all = true;
    core_settle(core);
    inbox_take_all(core);
}

static void all_give(struct core *core)
{
    const struct machine *machine = core->machine;

    core->has_all = false;
    for (uint32_t i = machine->core_count; i-- > 0;) {
        lock_give(&machine->cores[i]->arch.own_lock);
    }
    turn_give(core);
}

static inline bool own_try(struct core *core)
{
    if (!lock_try(&core->arch.own_lock)) {
        return false;
    }
    LOCK_MARK_NOP(LOCK_HAS_OWN);
    return true;
}

/* Who has all and waits for this lock interrupted this core: it does not take it before him. */
static inline bool own_try_unwanted(struct core *core)
{
    return !atomic_load_explicit(&core->arch.is_wanted, memory_order_relaxed) && own_try(core);
}

/* Waits for the own lock while somebody has all. */
static void own_take(struct core *core)
{
    uint32_t since;

    go_inside(core);
    since = wait_begin();

    LOCK_MARK_NOP(LOCK_WAITS_OWN);
    while (!own_try_unwanted(core)) {
        if (ask(core, since, &lock_of_all.asking_own)) {
            LOCK_MARK_NOP(LOCK_ASKS_OWN);
        }
        wants_serve(core);
        cpu_pause();
    }
    if (wait_end(core, &lock_of_all.asking_own)) {
        LOCK_MARK_NOP(LOCK_ASKED_OWN);
    }
}

/* From the own lock to all: in between others may have all, and do anything. */
static void own_widen(struct core *core)
{
    go_inside(core);
    LOCK_MARK(LOCK_GIVES_OWN);
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
    LOCK_MARK(LOCK_GIVES_OWN);
    lock_give(&core->arch.own_lock);
}

/* If the lock was had at once, nobody left anything meanwhile, and the core still counts as outside. */
static inline void own_leave_soon(struct core *core, bool at_once)
{
    if (at_once && core->current != NULL && !core_must_finish(core) && !has_trap(core) &&
        inbox_is_quiet(core)) {
        LOCK_MARK(LOCK_GIVES_OWN);
        lock_give(&core->arch.own_lock);
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
