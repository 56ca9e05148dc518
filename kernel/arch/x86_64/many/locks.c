/* SPDX-License-Identifier: MIT */
/* Waiting for locks: no longer than others have all once each, if a core is there (docs/locking.md). */
#include "many/locks.h"

#include <stddef.h>

#include "arch/arch.h"
#include "arch_private.h"
#include "core/alone.h"
#include "core/inbox.h"
#include "cpu.h"
#include "many/locked.h"
#include "trap.h"

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

_Static_assert(offsetof(struct arch_core, is_wanted) ==
                   offsetof(struct arch_core, own_lock) + OWN_LOCK_TO_WANTED,
               "fast_locks.inc");

/* What who has all locks wants of this core's hardware. */
static void wants_serve(struct core *core)
{
    struct arch_core *arch = &core->arch;
    /* Acquire: pairs with the release in want(): what it is about is as the other left it. */
    uint32_t wants = atomic_load_explicit(&arch->wants, memory_order_acquire);

    flushes_serve(core);
    if (wants == 0) {
        return;
    }
    if ((wants & WANT_LEAVE_SPACE) != 0) {
        atomic_store_explicit(&arch->root, paging_kernel_root, memory_order_relaxed);
        cr3_write(paging_kernel_root);
    }
    if ((wants & WANT_FPU) != 0) {
        fpu_release(core);
    }
    /* Release: pairs with the acquire in want(). */
    atomic_store_explicit(&arch->wants, 0, memory_order_release);
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

bool arch_others_wait(struct core *core)
{
    flushes_serve(core);
    cpu_pause();
    /* Relaxed: one who has the lock of all and wants this core's is seen a look later, at worst. */
    return cores_wait() || atomic_load_explicit(&core->arch.is_wanted, memory_order_relaxed);
}

/*
 * By who has the lock of all. Who asks for his own goes first, if he is there; who has it and comes again and again is interrupted, and waits then:
 * so neither keeps the other from it for long.
 */
static void own_take_of(struct core *core, struct core *other)
{
    uint32_t looks = 0;

    while (asks(other, &lock_of_all.asking_own)) {
        if (++looks == PATIENCE) {
            LOCK_MARK_NOP(LOCK_PASSES_OWN);
            ask_no_more(other->number, &lock_of_all.asking_own);
            break;
        }
        flushes_serve(core);
        cpu_pause();
    }
    for (looks = 0; !lock_try(&other->arch.own_lock); looks++) {
        if (looks == PATIENCE) {
            /* Relaxed: the interrupt comes later, and who sees it sooner waits sooner. */
            atomic_store_explicit(&other->arch.is_wanted, true, memory_order_relaxed);
            lapic_send(other->arch.apic_id, VECTOR_POKE);
        }
        flushes_serve(core); /* who has that lock may wait for it */
        cpu_pause();
    }
    atomic_store_explicit(&other->arch.is_wanted, false, memory_order_relaxed);
}

/* With the lock of all nobody else waits for more than one. */
void all_take(struct core *core)
{
    const struct machine *machine = core->machine;

    assert(!core->gives_all);
    go_inside(core);
    if (!turn_take(core, turn_now())) {
        turn_wait(core);
    }
    LOCK_MARK_NOP(LOCK_HAS_ALL);
    LOCK_MARK_NOP(LOCK_SPINS);
    for (uint32_t i = 0; i < machine->core_count; i++) {
        own_take_of(core, machine->cores[i]);
    }
    LOCK_MARK_NOP(LOCK_SPUN);
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
    turn_give(core);
}

/* Another's own, if who is of it does not ask for it. */
static bool other_try(struct core *other)
{
    return !asks(other, &lock_of_all.asking_own) && lock_try(&other->arch.own_lock);
}

/* With all locks: before, one whose lock was not had yet could send something to one that had been looked at. */
static bool all_are_settled(const struct machine *machine)
{
    uint32_t count = 0;

    while (count < machine->core_count && core_is_settled(machine->cores[count])) {
        count++;
    }
    return count == machine->core_count;
}

bool arch_try_all(struct core *core)
{
    const struct machine *machine = core->machine;
    uint32_t count = 0;

    if (!turn_take(core, turn_now())) {
        return false;
    }
    LOCK_MARK_NOP(LOCK_HAS_ALL);
    for (; count < machine->core_count; count++) {
        if (machine->cores[count] != core && !other_try(machine->cores[count])) {
            break;
        }
    }
    if (count == machine->core_count && all_are_settled(machine)) {
        core->has_all = core->gives_all = true;
        return true;
    }
    LOCK_MARK_NOP(LOCK_DECLINES);
    others_give(core, count);
    return false;
}

void all_give(struct core *core)
{
    core->has_all = core->machine->core_count == 1; /* for good: there is nobody else */
    core->gives_all = false;
    others_give(core, core->machine->core_count);
    own_give(core);
}

/* Waits for the own lock while somebody has all. */
void own_take(struct core *core)
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
void own_widen(struct core *core)
{
    go_inside(core);
    own_give(core);
    all_take(core);
}
