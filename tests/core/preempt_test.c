/* SPDX-License-Identifier: MIT */
/*
 * Every preemption point of every long call, forced. For each situation the n-th look for an interrupt finds
 * one, for n = 1, 2, ... until the call no longer looks so often; another thread then does nothing, or tries to
 * build on what goes, or suspends or destroys the worker and finishes the work, or ... After each kernel entry the
 * invariants hold, and in the end the machine is as if nothing had come between.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "abi/fuzz_args.h"
#include "arch_host/machine.h"
#include "cap/cap.h"
#include "core/core.h"
#include "outcome.h"
#include "preempt_cases.h"

enum { ENTRIES_MAX = 1000, THREADS_MAX = 64, PAIRS_LIMIT = 24, RINGS = 1 };

/* What comes between two entries of the worker. */
enum act {
    ACT_NOTHING,
    ACT_TIMER,      /* slices end */
    ACT_DERIVE,     /* something is to be derived from what goes: BUSY */
    ACT_DEEPER,     /* something below what goes is revoked */
    ACT_SAME,       /* another thread makes the same call */
    ACT_SUSPEND,    /* so it does while the worker is suspended */
    ACT_DESTROY,    /* so it does after the worker's end */
    ACT_USE_MEMORY, /* memory that is being zeroed is used for something else */
    ACTS,
};

static const char *const act_names[ACTS] = { "nothing", "timer",   "derive",  "deeper",
                                             "same",    "suspend", "destroy", "use memory" };

struct run {
    const struct preempt_case *which;
    enum act act;
    uint32_t forced[2]; /* at which look the first and the second entry are cut short; 0: not */
    uint32_t looks[2];  /* how often they looked */
    uint32_t vector;    /* of the watcher's interrupt */
    struct thread *worker;
};

static struct {
    uint32_t points, pairs;
} tally;

/* The worker and the watcher are busy in different ways; the root thread tidies up in some runs. */
static bool is_of_the_test(const struct thread *thread)
{
    return thread == thread_at(ROOT_SLOT_THREAD) || thread == cap_at(SLOT_WATCHER)->object ||
           (cap_at(SLOT_WORKER)->type != OBJECT_NONE && thread == cap_at(SLOT_WORKER)->object);
}

/* --- What comes between ------------------------------------------------------------------------ */

/* A call of the watcher or the root thread, checked like any other. */
static err_t checked(const struct request *request)
{
    err_t err = request_run(request);

    situation_is_sound();
    return err;
}

#define CHECKED(at, label, ...) checked(METHOD_REQUEST(SYSCALL_CALL, at, label, __VA_ARGS__))

static bool is_below_frozen(const struct cap *cap)
{
    while (cap != NULL && (cap->flags & CAP_FROZEN) == 0) {
        cap = cap->parent;
    }
    return cap != NULL;
}

/* Something that would grow out of the capability in a slot of the root table. */
static void grow(uint32_t slot)
{
    const struct cap *cap = cap_at(slot);

    if (cap->type == OBJECT_UNTYPED) {
        CHECK_EQ(CHECKED(slot, UNTYPED_RETYPE, OBJECT_REPLY, 0, 1, ROOT_SLOT_TABLE, SLOT_SPARE),
                 ERR_BUSY, "nothing is made of memory that goes");
    } else if (cap_may_copy(cap)) {
        CHECK_EQ(CHECKED(ROOT_SLOT_TABLE, CAP_TABLE_COPY, SLOT_SPARE, ROOT_SLOT_TABLE, slot, ~0u),
                 ERR_BUSY, "nothing is derived from what goes");
    }
    if (cap->flags & CAP_FROZEN) {
        CHECK_EQ(CHECKED(ROOT_SLOT_TABLE, CAP_TABLE_MOVE, SLOT_SPARE, ROOT_SLOT_TABLE, slot),
                 ERR_BUSY, "nor does it move");
    }
}

/* The worker has been cut short, and lives. */
static bool is_at_work(const struct run *run)
{
    return cap_at(SLOT_WORKER)->type != OBJECT_NONE && host_is_restarting(run->worker);
}

static void derive(const struct run *run)
{
    const struct preempt_case *which = run->which;
    const struct cap *probe = cap_at(which->probe);
    const struct cap *top = cap_at((uint32_t)which->call.words[0]);

    if (!is_at_work(run)) {
        return;
    }
    if (which->probe != 0 && probe->type == OBJECT_FRAME && probe->run.is_leaving) {
        CHECK_EQ(CHECKED(ROOT_SLOT_VSPACE, VSPACE_MAP, which->probe, 0, 1, 0x90000000, PROT_READ),
                 ERR_BUSY, "nothing is mapped from a run that is being detached");
    } else if (which->probe != 0 && probe->type != OBJECT_NONE && is_below_frozen(probe)) {
        grow(which->probe);
    }
    if (which->call.at == ROOT_SLOT_TABLE && top->type != OBJECT_NONE) {
        CHECK(top->flags & CAP_FROZEN, "what is being revoked is frozen");
        grow((uint32_t)which->call.words[0]);
    }
}

static void use_memory(const struct run *run)
{
    if (!is_at_work(run)) {
        return;
    }
    OK(CHECKED(run->which->call.at, UNTYPED_RETYPE, OBJECT_FRAME, 2 << 8, 1, ROOT_SLOT_TABLE,
               SLOT_SPARE),
       "the memory is not taken yet");
    memset(arch_phys_to_ptr(cap_at(SLOT_SPARE)->run.base), 0x5a, 2 * PAGE);
    OK(CHECKED(ROOT_SLOT_TABLE, CAP_TABLE_DELETE, SLOT_SPARE), "and is free again");
}

/* Somebody else does the work; who destroyed the worker has its half empty tables to empty already. */
static void finish(const struct run *run)
{
    (void)checked(&run->which->call);
}

static void act(const struct run *run)
{
    bool has_worker = cap_at(SLOT_WORKER)->type != OBJECT_NONE;

    switch (run->act) {
    case ACT_DERIVE:
        derive(run);
        break;
    case ACT_DEEPER:
        if (is_at_work(run)) {
            (void)CHECKED(ROOT_SLOT_TABLE, CAP_TABLE_REVOKE, run->which->deeper);
        }
        break;
    case ACT_USE_MEMORY:
        use_memory(run);
        break;
    case ACT_SAME:
        finish(run);
        break;
    case ACT_SUSPEND:
        OK(has_worker ? CHECKED(SLOT_WORKER, THREAD_SUSPEND, 0) : ERR_OK, "the worker is stopped");
        finish(run);
        (void)CHECKED(SLOT_WORKER, THREAD_RESUME, 0);
        break;
    case ACT_DESTROY:
        OK(has_worker ? CHECKED(ROOT_SLOT_TABLE, CAP_TABLE_DELETE, SLOT_WORKER) : ERR_OK,
           "the worker is destroyed");
        finish(run);
        break;
    default:
        break;
    }
}

static void intervene(const struct run *run)
{
    struct core *core = the_core();

    if (run->act == ACT_NOTHING) {
        return;
    }
    if (run->act == ACT_TIMER) {
        for (int i = 0; i < 3 && host_time_armed(core) != DEADLINE_NEVER; i++) {
            host_time_advance(host_time_armed(core) - host_time());
            CHECK(host_interrupts_deliver(core) != 0, "the timer fires");
            situation_is_sound();
        }
        return;
    }
    host_msi_raise(run->vector, 0);
    CHECK_EQ(host_interrupts_deliver(core), 1, "the interrupt comes");
    if (CHECK(core->current == thread_at(SLOT_WATCHER), "the watcher wakes up")) {
        act(run);
        OK(CHECKED(SLOT_IRQ, IRQ_ACK, 0), "it acknowledges");
        (void)call_wait(SLOT_BELL, 1, 0);
        situation_is_sound();
    }
}

/* --- One run ------------------------------------------------------------------------------------ */

static void watcher_make(struct run *run)
{
    OK(object_make(OBJECT_NOTIFICATION, 0, SLOT_BELL), "a bell");
    OK(slot_mint(SLOT_BELL, SLOT_RINGER, RINGS), "to ring it");
    OK(object_make(OBJECT_IRQ, 0, SLOT_IRQ), "an interrupt");
    OK(CALL(SLOT_IRQ, IRQ_CLAIM_MSI, ROOT_SLOT_MACHINE), "of its own");
    run->vector = (uint32_t)result_word(1);
    OK(CALL(SLOT_IRQ, IRQ_BIND, SLOT_RINGER), "rings the bell");
    thread_make(SLOT_WATCHER, 10, WATCHER_PRIORITY);
    thread_begin(SLOT_WATCHER);
    (void)call_wait(SLOT_BELL, RINGS, 0);
}

static void begin(struct run *run)
{
    situation_begin();
    watcher_make(run);
    OK(object_make(OBJECT_UNTYPED, 2 * PAGE, SLOT_WORKER_MEMORY), "memory for the worker");
    thread_make_from(SLOT_WORKER_MEMORY, SLOT_WORKER, 10, WORKER_PRIORITY);
    run->which->set_up();
    thread_begin(SLOT_WORKER);
    situation_is_sound();
    run->worker = the_core()->current;
    request_load(&run->which->call);
}

/* Makes the call until it is through or the worker cannot go on. */
static void work(struct run *run)
{
    struct core *core = the_core();

    for (uint32_t entry = 0; entry < ENTRIES_MAX; entry++) {
        host_preempt_at(entry < 2 ? run->forced[entry] : 0);
        host_syscall(core);
        if (entry < 2) {
            run->looks[entry] = host_preempt_looks();
        }
        host_preempt_at(0);
        if (!situation_is_sound()) {
            return;
        }
        if (entry == 0) {
            intervene(run);
        }
        if (core->current != run->worker || !host_is_restarting(run->worker)) {
            return;
        }
    }
    CHECK(false, "the call gets through");
}

/* The worker is gone or stopped: those whom its call woke stop too, until it is the root's turn. */
static void root_comes_back(void)
{
    const struct thread *root = thread_at(ROOT_SLOT_THREAD);

    for (int i = 0; i < THREADS_MAX && the_core()->current != root; i++) {
        call_fault(FAULT_ILLEGAL);
        situation_is_sound();
    }
    CHECK(the_core()->current == root, "the root runs");
}

/* After a failure: where. */
static void tell(const struct run *run)
{
    if (test_has_failed()) {
        printf("in: %s, between: %s, at look %u, then %u\n", run->which->name, act_names[run->act],
               run->forced[0], run->forced[1]);
    }
}

static struct outcome run_once(struct run *run)
{
    struct outcome outcome;

    run->looks[0] = 0;
    run->looks[1] = 0;
    begin(run);
    work(run);
    if (the_core()->current == run->worker) {
        if (run->act <= ACT_DEEPER) {
            OK(run->worker->registers.op, "the call succeeds");
        }
    } else {
        root_comes_back();
        finish(run);
        if (cap_at(SLOT_WORKER)->type != OBJECT_NONE) {
            OK(CHECKED(ROOT_SLOT_TABLE, CAP_TABLE_DELETE, SLOT_WORKER),
               "who ends the worker ends its work");
        }
    }
    CHECK_EQ(tables_half_empty(), 0, "no table is left half empty");
    outcome = outcome_now(is_of_the_test);
    situation_end();
    tell(run);
    return outcome;
}

/* --- All of them ------------------------------------------------------------------------------- */

static void compare(const struct run *run, const struct outcome *got, const struct outcome *want)
{
    outcome_compare(got, want);
    tell(run);
}

/* Forces look 1, 2, ... of the first entry. Returns how many there were. */
static uint32_t force_each(struct run *run)
{
    run->forced[0] = 0;
    run->forced[1] = 0;
    struct outcome want = run_once(run);

    for (uint32_t nth = 1; !test_has_failed(); nth++) {
        run->forced[0] = nth;
        struct outcome got = run_once(run);

        if (run->looks[0] < nth) {
            return nth - 1;
        }
        compare(run, &got, &want);
        tally.points++;
    }
    return 0;
}

/* Look n of the first entry and look m of the second. */
static void force_pairs(struct run *run, uint32_t looks)
{
    run->forced[0] = 0;
    run->forced[1] = 0;
    struct outcome want = run_once(run);

    for (uint32_t nth = 1; nth <= looks; nth++) {
        run->forced[0] = nth;
        for (uint32_t mth = 1; !test_has_failed(); mth++) {
            run->forced[1] = mth;
            struct outcome got = run_once(run);

            if (run->looks[1] < mth) {
                break;
            }
            compare(run, &got, &want);
            tally.pairs++;
        }
    }
}

static bool is_retype_of(const struct preempt_case *which, uint32_t type)
{
    return strcmp(which->op, "untyped.retype") == 0 && which->call.words[0] == type;
}

static bool act_applies(const struct preempt_case *which, enum act act)
{
    switch (act) {
    case ACT_DEEPER:
        return which->deeper != 0;
    case ACT_DERIVE:
        return strcmp(which->op, "untyped.retype") != 0;
    case ACT_USE_MEMORY:
        return which->is_alone;
    default:
        return true;
    }
}

static uint32_t force_case(const struct preempt_case *which)
{
    uint32_t most = 0;

    for (enum act act = ACT_NOTHING; act < ACTS && !test_has_failed(); act++) {
        struct run run = { .which = which, .act = act };

        if (act_applies(which, act)) {
            uint32_t looks = force_each(&run);

            most = looks > most ? looks : most;
            if (act == ACT_NOTHING && looks <= PAIRS_LIMIT) {
                force_pairs(&run, looks);
            }
        }
    }
    /* Untyped memory is zeroed when it becomes something. */
    CHECK((most == 0) == (which->is_short || is_retype_of(which, OBJECT_UNTYPED)), which->name);
    return most;
}

TEST(there_is_a_retype_for_each_type)
{
    for (uint32_t type = OBJECT_UNTYPED; type < OBJECT_MACHINE; type++) {
        bool found = false;

        for (uint32_t i = 0; i < preempt_case_count; i++) {
            found = found || is_retype_of(&preempt_cases[i], type);
        }
        CHECK_EQ(found ? type : 0, type, "the type is among those retyped");
    }
}

/* Which operations are long is what abi/idl/kernel.idl says: one without a situation here fails. */
TEST(every_long_call_may_be_cut_short_at_every_point)
{
    uint32_t operations = 0;

    for (uint32_t op = 0; op < FUZZ_OPS; op++) {
        uint32_t looks = 0;

        for (uint32_t i = 0; i < preempt_case_count && fuzz_ops[op].is_long; i++) {
            if (strcmp(preempt_cases[i].op, fuzz_ops[op].name) == 0 && !test_has_failed()) {
                looks += force_case(&preempt_cases[i]);
            }
        }
        if (fuzz_ops[op].is_long && !test_has_failed()) {
            CHECK(looks != 0, fuzz_ops[op].name);
            operations++;
        }
    }
    printf("note: preemption: %u long operations in %u situations, %u points and %u pairs forced\n",
           operations, preempt_case_count, tally.points, tally.pairs);
}
