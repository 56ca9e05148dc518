/* SPDX-License-Identifier: MIT */
#include "two_cores.h"

#include "graph/invariants.h"

const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0"; /* what a run leaves behind goes with the machine */
}

void machine_is_sound(void)
{
    struct invariants_count count;
    const char *why;
    bool sound = invariants_hold(true, &why, &count);

    CHECK(sound, why);
}

void machine_begin(void)
{
    host_start(&(struct host_options){
        .ram_bytes = 8 << 20, .tick_ns = 10, .cores = CORES, .has_iommu = true });
    (void)host_root_create(&(struct host_root_options){ .priority = PRIORITY });
}

/* The invariants hold before a core has looked, and afterwards. What one takes may concern the other. */
void interrupts_deliver(void)
{
    machine_is_sound();
    for (uint32_t turn = 0; turn < 2 * CORES; turn++) {
        (void)host_interrupts_deliver(host_core(turn % CORES));
        machine_is_sound();
    }
}

/* What the current thread of a core is about to do. */
struct thread *prepare(uint32_t core, uint32_t number, uint64_t at, uint64_t info,
                       const uint64_t *words)
{
    struct thread *thread = host_core(core)->current;

    thread->registers.op = number | at << 32;
    thread->registers.info = info;
    thread->registers.time = DEADLINE_NEVER;
    thread->registers.bits = ~0ull;
    for (uint32_t i = 0; i < MSG_REGISTER_WORDS; i++) {
        thread->registers.words[i] = words[i];
    }
    return thread;
}

/* The current thread of a core makes a call; it is repeated until it is through. */
err_t call(uint32_t core, uint32_t number, uint64_t at, uint64_t info, const uint64_t *words)
{
    struct thread *thread;

    if (host_core(core)->current == NULL) {
        CHECK(false, "there is nobody to make the call");
        return ERR_GONE;
    }
    thread = prepare(core, number, at, info, words);
    for (int tries = 0; tries < RESTARTS_MAX; tries++) {
        host_syscall(host_core(core));
        interrupts_deliver();
        if (test_has_failed() || host_core(core)->current != thread ||
            !host_is_restarting(thread)) {
            break;
        }
    }
    return (err_t)thread->registers.op;
}

static uint32_t entries_alone;

static void count_alone(const struct core *core, bool was_alone)
{
    (void)core;
    entries_alone += was_alone;
}

void alone_begin(void)
{
    entries_alone = 0;
    host_watch(NULL, count_alone, NULL);
}

uint32_t alone_end(void)
{
    host_watch(NULL, NULL, NULL);
    return entries_alone;
}

bool syscall_alone(uint32_t core)
{
    alone_begin();
    host_syscall(host_core(core));
    return alone_end() == 1;
}

err_t call_alone(bool alone, uint32_t core, uint64_t op, uint32_t label, const uint64_t *words)
{
    uint64_t info = MSG_INFO(label, MSG_REGISTER_WORDS, 0);
    struct thread *thread = prepare(core, op & 0xffu, op >> 32, info, words);

    CHECK_EQ(syscall_alone(core), alone, "the locks that it takes");
    interrupts_deliver();
    return (err_t)thread->registers.op;
}

void *object_in(uint32_t slot)
{
    return cap_slot(host_core(0)->machine->root_table, slot)->object;
}

struct thread *thread_in(uint32_t slot)
{
    return object_in(slot);
}

const struct thread *current_of(uint32_t core)
{
    return host_core(core)->current;
}

void make(enum object_type type, uint64_t size, uint32_t slot)
{
    OK(CALL(0, ROOT_SLOT_UNTYPED, UNTYPED_RETYPE, type, size, 1, ROOT_SLOT_TABLE, slot),
       "an object is made");
}

err_t configure(uint32_t context, uint32_t core, uint32_t priority)
{
    return CALL(0, context, SCHED_CONTEXT_CONFIGURE, ROOT_SLOT_MACHINE, priority, BUDGET_NS,
                BUDGET_NS, core);
}

/* A thread on a core, inactive. */
void make_thread(uint32_t slot, uint32_t rank, uint32_t core, uint32_t priority)
{
    make(OBJECT_THREAD, rank | 1u << 8, slot); /* with a floating-point unit */
    make(OBJECT_SCHED_CONTEXT, 0, slot + 1);
    OK(CALL(0, slot, THREAD_CONFIGURE, ROOT_SLOT_TABLE, ROOT_SLOT_VSPACE), "table and space");
    OK(configure(slot + 1, core, priority), "its context is configured");
    OK(CALL(0, slot + 1, SCHED_CONTEXT_BIND, slot), "and bound");
}

void start(uint32_t slot)
{
    OK(CALL(0, slot, THREAD_RESUME, 0), "a thread goes on");
}

/* The root on core 0; a server of rank 1 on core 1, that receives. */
void begin_with_server(void)
{
    machine_begin();
    make(OBJECT_ENDPOINT, 2, ENDPOINT);
    make_thread(REMOTE, 1, 1, 50);
    start(REMOTE);
    CHECK(current_of(1) == thread_in(REMOTE), "it runs on its core");
    (void)SEND(1, SYSCALL_RECEIVE, ENDPOINT, 0, 0);
    CHECK(current_of(1) == NULL, "and receives");
}
