/* SPDX-License-Identifier: MIT */
/*
 * Threads of two cores that meet, set up by hand on the simulated machine, with the invariants checked after each
 * call. Every thread has the root's table and space, so a slot means the same to all.
 * Size: each test is one story; the helpers are theirs alone.
 */
#include <stddef.h>
#include <stdio.h>

#include "abi/boot_info.h"
#include "arch_host/machine.h"
#include "arch_host/root.h"
#include "core/core.h"
#include "graph/invariants.h"
#include "host_test/test.h"
#include "object/ipc_objects.h"
#include "object/sched_context.h"

const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0"; /* what a run leaves behind goes with the machine */
}

enum { PRIORITY = 100, BUDGET_NS = 1000000, RESTARTS_MAX = 1000, CORES = 2 };
enum slot {
    ENDPOINT = 40,
    NOTIFICATION,
    REPLY,
    LOCAL, /* a thread; its context is in the next slot */
    LOCAL_CONTEXT,
    REMOTE,
    REMOTE_CONTEXT,
    OTHER,
    OTHER_CONTEXT,
    THING,
    THING_CONTEXT,
    SPARE,
};

static void machine_is_sound(void)
{
    struct invariants_count count;
    const char *why;
    bool sound = invariants_hold(true, &why, &count);

    CHECK(sound, why);
}

static void machine_begin(void)
{
    host_start(&(struct host_options){
        .ram_bytes = 8 << 20, .tick_ns = 10, .cores = CORES, .has_iommu = true });
    (void)host_root_create(&(struct host_root_options){ .priority = PRIORITY });
}

/* The invariants hold before a core has looked, and afterwards. What one takes may concern the other. */
static void interrupts_deliver(void)
{
    machine_is_sound();
    for (uint32_t turn = 0; turn < 2 * CORES; turn++) {
        (void)host_interrupts_deliver(host_core(turn % CORES));
        machine_is_sound();
    }
}

/* What the current thread of a core is about to do. */
static struct thread *prepare(uint32_t core, uint32_t number, uint64_t at, uint64_t info,
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
static err_t call(uint32_t core, uint32_t number, uint64_t at, uint64_t info, const uint64_t *words)
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

#define SEND(core, number, at, label, ...)                                                         \
    call((core), (number), (at), MSG_INFO((label), 8, 0), (const uint64_t[8]){ __VA_ARGS__ })
#define CALL(core, at, label, ...) SEND(core, SYSCALL_CALL, at, label, __VA_ARGS__)
#define METHOD(core, at, label, ...) SEND(core, SYSCALL_METHOD, at, label, __VA_ARGS__)
#define OK(result, why) CHECK_EQ(result, ERR_OK, why)

static void *object_in(uint32_t slot)
{
    return cap_slot(host_core(0)->machine->root_table, slot)->object;
}

static struct thread *thread_in(uint32_t slot)
{
    return object_in(slot);
}

static const struct thread *current_of(uint32_t core)
{
    return host_core(core)->current;
}

static void make(enum object_type type, uint64_t size, uint32_t slot)
{
    OK(CALL(0, ROOT_SLOT_UNTYPED, UNTYPED_RETYPE, type, size, 1, ROOT_SLOT_TABLE, slot),
       "an object is made");
}

static err_t configure(uint32_t context, uint32_t core, uint32_t priority)
{
    return CALL(0, context, SCHED_CONTEXT_CONFIGURE, ROOT_SLOT_MACHINE, priority, BUDGET_NS,
                BUDGET_NS, core);
}

/* A thread on a core, inactive. */
static void make_thread(uint32_t slot, uint32_t rank, uint32_t core, uint32_t priority)
{
    make(OBJECT_THREAD, rank | 1u << 8, slot); /* with a floating-point unit */
    make(OBJECT_SCHED_CONTEXT, 0, slot + 1);
    OK(CALL(0, slot, THREAD_CONFIGURE, ROOT_SLOT_TABLE, ROOT_SLOT_VSPACE), "table and space");
    OK(configure(slot + 1, core, priority), "its context is configured");
    OK(CALL(0, slot + 1, SCHED_CONTEXT_BIND, slot), "and bound");
}

static void start(uint32_t slot)
{
    OK(CALL(0, slot, THREAD_RESUME, 0), "a thread goes on");
}

/* The root on core 0; a server of rank 1 on core 1, that receives. */
static void begin_with_server(void)
{
    machine_begin();
    make(OBJECT_ENDPOINT, 2, ENDPOINT);
    make_thread(REMOTE, 1, 1, 50);
    start(REMOTE);
    CHECK(current_of(1) == thread_in(REMOTE), "it runs on its core");
    (void)SEND(1, SYSCALL_RECEIVE, ENDPOINT, 0, 0);
    CHECK(current_of(1) == NULL, "and receives");
}

TEST(cores_a_call_goes_across_without_lending_and_comes_back)
{
    begin_with_server();
    (void)SEND(0, SYSCALL_CALL, ENDPOINT, 7, 11, 12);
    CHECK(current_of(0) == NULL, "the caller waits, and its core idles");
    CHECK(current_of(1) == thread_in(REMOTE), "the server runs, on its own time");
    CHECK(thread_in(ROOT_SLOT_THREAD)->lend.to == NULL, "there is no edge");
    CHECK_EQ(thread_in(REMOTE)->registers.words[1], 12, "the message is there");
    (void)SEND(1, SYSCALL_REPLY_RECEIVE, ENDPOINT, 0, 21, 22);
    CHECK(current_of(0) == thread_in(ROOT_SLOT_THREAD), "the caller goes on");
    CHECK_EQ(current_of(0)->registers.words[1], 22, "with the reply");
    CHECK(current_of(1) == NULL, "and the server waits for the next");
    host_stop();
}

TEST(cores_callers_are_served_by_priority_whether_they_lend_or_not)
{
    begin_with_server();
    make_thread(LOCAL, 9, 1, 40);
    make_thread(OTHER, 9, 0, PRIORITY + 20);
    (void)SEND(0, SYSCALL_CALL, ENDPOINT, 1, 0); /* from here on the server is busy, for the root */
    CHECK(current_of(1) == thread_in(REMOTE), "it serves the root");
    OK(SEND(1, SYSCALL_CALL, LOCAL, THREAD_RESUME, 0), "a less important one of its own core");
    OK(SEND(1, SYSCALL_CALL, OTHER, THREAD_RESUME, 0), "a more important one of the other core");
    (void)SEND(0, SYSCALL_CALL, ENDPOINT, 3, 0);
    CHECK(thread_in(OTHER)->plain_on == object_in(ENDPOINT), "it is queued and does not lend");
    OK(CALL(1, REMOTE_CONTEXT, SCHED_CONTEXT_CONFIGURE, ROOT_SLOT_MACHINE, 30, BUDGET_NS, BUDGET_NS,
            1),
       "the server's own priority falls below the local one's");
    CHECK(current_of(1) == thread_in(LOCAL), "which so gets to run");
    (void)SEND(1, SYSCALL_CALL, ENDPOINT, 2, 0);
    CHECK(current_of(1) == thread_in(REMOTE), "lends");
    CHECK(thread_in(REMOTE)->lend.top == thread_in(LOCAL)->context, "its time to the server");
    (void)SEND(1, SYSCALL_REPLY_RECEIVE, ENDPOINT, 0, 0);
    CHECK(thread_in(REMOTE)->serving == thread_in(OTHER), "the more important one is next");
    CHECK(thread_in(REMOTE)->lend.top == thread_in(LOCAL)->context, "still on the local's time");
    OK(configure(OTHER_CONTEXT, 0, 1), "a context that is bound keeps its core");
    (void)SEND(1, SYSCALL_REPLY_RECEIVE, ENDPOINT, 0, 0);
    CHECK(thread_in(REMOTE)->serving == thread_in(LOCAL), "then the local one");
    host_stop();
}

TEST(cores_of_equals_neither_those_that_lend_nor_the_others_wait_long)
{
    enum { EQUAL = 60 };
    static const uint32_t order[] = { LOCAL, OTHER, THING };

    begin_with_server();
    make_thread(LOCAL, 9, 1, EQUAL);
    make_thread(THING, 9, 1, EQUAL);
    make_thread(OTHER, 9, 0, EQUAL);
    (void)SEND(0, SYSCALL_CALL, ENDPOINT, 1, 0);
    OK(SEND(1, SYSCALL_CALL, LOCAL, THREAD_RESUME, 0), "two of the server's core");
    (void)SEND(1, SYSCALL_CALL, ENDPOINT, 2, 0);
    OK(SEND(1, SYSCALL_CALL, THING, THREAD_RESUME, 0), "with the same priority");
    OK(SEND(1, SYSCALL_YIELD, 0, 0, 0), "take turns");
    (void)SEND(1, SYSCALL_CALL, ENDPOINT, 3, 0);
    OK(SEND(1, SYSCALL_CALL, OTHER, THREAD_RESUME, 0), "and one of the other core");
    (void)SEND(0, SYSCALL_CALL, ENDPOINT, 4, 0);
    for (uint32_t i = 0; i < 3; i++) {
        CHECK(current_of(1) == thread_in(REMOTE), "the server runs");
        (void)SEND(1, SYSCALL_REPLY_RECEIVE, ENDPOINT, 0, 0);
        for (uint32_t tries = 0; tries < 3 && current_of(1) != thread_in(REMOTE); tries++) {
            OK(SEND(1, SYSCALL_YIELD, 0, 0, 0), "who has its answer lets others run");
        }
        CHECK(thread_in(REMOTE)->serving == thread_in(order[i]), "they are served in turn");
    }
    host_stop();
}

TEST(cores_who_is_queued_elsewhere_moves_with_its_priority)
{
    begin_with_server();
    make_thread(LOCAL, 9, 0, PRIORITY + 20);
    make_thread(OTHER, 9, 0, PRIORITY + 10);
    OK(CALL(0, REMOTE, THREAD_SUSPEND, 0), "the server stops");
    start(LOCAL);
    (void)SEND(0, SYSCALL_CALL, ENDPOINT, 1, 0);
    start(OTHER);
    (void)SEND(0, SYSCALL_CALL, ENDPOINT, 1, 0);
    OK(configure(OTHER_CONTEXT, 0, PRIORITY + 30), "the second becomes the most important");
    start(REMOTE);
    (void)SEND(1, SYSCALL_RECEIVE, ENDPOINT, 0, 0);
    CHECK(thread_in(REMOTE)->serving == thread_in(OTHER), "and is served first");
    host_stop();
}

TEST(cores_a_deadline_passes_on_the_core_of_the_caller)
{
    struct thread *root;

    begin_with_server();
    root = prepare(0, SYSCALL_CALL, ENDPOINT, MSG_INFO(1, 1, 0), (const uint64_t[8]){ 0 });
    root->registers.time = host_time() + 5000;
    host_syscall(host_core(0));
    interrupts_deliver();
    CHECK(current_of(0) == NULL && current_of(1) == thread_in(REMOTE), "the server has the call");
    host_time_advance(6000);
    interrupts_deliver();
    CHECK(current_of(0) == root, "the caller goes on");
    CHECK_EQ(root->registers.op, ERR_TIMED_OUT, "in time");
    CHECK_EQ(SEND(1, SYSCALL_REPLY, 0, 0, 0), ERR_CALLER_GONE, "the server hears of it");
    host_stop();
}

TEST(cores_a_thread_moves_only_while_nothing_hangs_on_it)
{
    begin_with_server();
    make(OBJECT_SCHED_CONTEXT, 0, SPARE);
    OK(configure(SPARE, 0, 60), "a context for core 0");
    CHECK_EQ(configure(REMOTE_CONTEXT, 0, 60), ERR_BUSY, "a bound context keeps its core");
    OK(CALL(0, REMOTE_CONTEXT, SCHED_CONTEXT_UNBIND, 0), "the server has no context");
    CHECK_EQ(CALL(0, SPARE, SCHED_CONTEXT_BIND, REMOTE), ERR_BUSY, "a receiver stays");
    OK(CALL(0, REMOTE, THREAD_SUSPEND, 0), "it is stopped");
    CHECK_EQ(CALL(0, SPARE, SCHED_CONTEXT_BIND, REMOTE), ERR_BUSY, "a server stays");
    OK(METHOD(0, ENDPOINT, ENDPOINT_SET_SERVER, 0), "it is nobody's server");
    OK(CALL(0, SPARE, SCHED_CONTEXT_BIND, REMOTE), "now it moves");
    CHECK(thread_in(REMOTE)->home == host_core(0), "to the other core");
    OK(configure(REMOTE_CONTEXT, 0, 70), "and its old context, which is free, may follow");
    host_stop();
}

/* A call that came from the other core hangs on its server by no edge. */
TEST(cores_a_thread_that_serves_another_core_stays)
{
    begin_with_server();
    make_thread(OTHER, 9, 0, PRIORITY + 1);
    make(OBJECT_SCHED_CONTEXT, 0, SPARE);
    OK(configure(SPARE, 0, 60), "a context for core 0");
    start(OTHER);
    (void)SEND(0, SYSCALL_CALL, ENDPOINT, 1, 0);
    OK(CALL(0, REMOTE, THREAD_SUSPEND, 0), "its server is stopped");
    OK(CALL(0, REMOTE_CONTEXT, SCHED_CONTEXT_UNBIND, 0), "has no context");
    OK(METHOD(0, ENDPOINT, ENDPOINT_SET_SERVER, 0), "and no endpoint");
    CHECK_EQ(CALL(0, SPARE, SCHED_CONTEXT_BIND, REMOTE), ERR_BUSY, "but a call to answer");
    OK(CALL(0, OTHER, THREAD_SUSPEND, 0), "which is cut");
    OK(CALL(0, SPARE, SCHED_CONTEXT_BIND, REMOTE), "now it moves");
    host_stop();
}

/* A group is of one core; who manages it may run on another. */
TEST(cores_a_group_holds_up_members_of_another_core)
{
    begin_with_server();
    make_thread(OTHER, 9, 1, 60);
    make(OBJECT_SCHED_CONTEXT, 0, SPARE);
    OK(CALL(0, SPARE, SCHED_CONTEXT_CONFIGURE, ROOT_SLOT_MACHINE, 0, 20000, 1000000, 0),
       "a group for core 0");
    CHECK_EQ(CALL(0, SPARE, SCHED_CONTEXT_ADD, OTHER_CONTEXT), ERR_RANGE, "not for members of 1");
    OK(CALL(0, SPARE, SCHED_CONTEXT_CONFIGURE, ROOT_SLOT_MACHINE, 0, 20000, 1000000, 1),
       "it goes to core 1");
    OK(CALL(0, OTHER, THREAD_RESUME, 0), "a thread of core 1");
    CHECK(current_of(1) == thread_in(OTHER), "runs");
    host_time_advance(30000);
    OK(CALL(0, SPARE, SCHED_CONTEXT_ADD, OTHER_CONTEXT), "it is made a member meanwhile");
    CHECK(((struct sched_context *)object_in(SPARE))->used_ns < 1000, "and charged from then on");
    CHECK_EQ(CALL(0, SPARE, SCHED_CONTEXT_CONFIGURE, ROOT_SLOT_MACHINE, 0, 20000, 1000000, 0),
             ERR_BUSY, "now the group stays where it is");
    CHECK_EQ(configure(OTHER_CONTEXT, 0, 60), ERR_BUSY, "and so does the member");
    host_time_advance(20000);
    interrupts_deliver();
    CHECK(current_of(1) == NULL, "until the group's budget is used up");
    OK(CALL(0, SPARE, SCHED_CONTEXT_REMOVE, OTHER_CONTEXT), "outside");
    CHECK(current_of(1) == thread_in(OTHER), "it goes on");
    OK(CALL(0, SPARE, SCHED_CONTEXT_ADD, OTHER_CONTEXT), "a member again");
    interrupts_deliver();
    CHECK(current_of(1) == NULL, "it waits again");
    host_time_advance(1000000);
    interrupts_deliver();
    CHECK(current_of(1) == thread_in(OTHER), "until the group has budget");
    OK(CALL(0, ROOT_SLOT_TABLE, CAP_TABLE_DELETE, SPARE), "the group goes while its member runs");
    CHECK(thread_in(OTHER)->context->group == NULL, "which is in none now");
    host_stop();
}

/* A context that is taken away and given to another core, before its old one has looked. */
TEST(cores_a_context_is_charged_where_it_is)
{
    machine_begin();
    make_thread(REMOTE, 1, 1, 50);
    start(REMOTE);
    (void)prepare(0, SYSCALL_CALL, REMOTE_CONTEXT, MSG_INFO(SCHED_CONTEXT_UNBIND, 8, 0),
                  (const uint64_t[8]){ 0 });
    host_syscall(host_core(0));
    (void)prepare(
        0, SYSCALL_CALL, REMOTE_CONTEXT, MSG_INFO(SCHED_CONTEXT_CONFIGURE, 8, 0),
        (const uint64_t[8]){ ROOT_SLOT_MACHINE, PRIORITY - 1, BUDGET_NS, 2 * BUDGET_NS, 0 });
    host_syscall(host_core(0));
    host_time_advance(5000);
    interrupts_deliver();
    CHECK_EQ(((struct sched_context *)object_in(REMOTE_CONTEXT))->used_ns, 0,
             "what core 1 used before is not booked on core 0's");
    host_stop();
}

/*
 * Found by the random caller after 16 million calls: a context that was found dry is charged once more, after its refill
 * has come due but before the interrupt that tells. It has budget again, and its event must not stay queued.
 */
TEST(cores_a_refill_that_is_met_before_its_event)
{
    for (uint64_t late = 0; late < 400; late += 5) {
        machine_begin();
        make_thread(REMOTE, 1, 1, 50);
        make_thread(OTHER, 1, 1, 200);
        start(REMOTE);
        OK(CALL(0, REMOTE_CONTEXT, SCHED_CONTEXT_CONFIGURE, ROOT_SLOT_MACHINE, 50, BUDGET_NS,
                BUDGET_NS + 300, 1),
           "little budget");
        host_time_advance(BUDGET_NS);
        (void)prepare(0, SYSCALL_CALL, REMOTE_CONTEXT, MSG_INFO(SCHED_CONTEXT_INFO, 8, 0),
                      (const uint64_t[8]){ 0 });
        host_syscall(host_core(0));
        (void)prepare(0, SYSCALL_CALL, OTHER, MSG_INFO(THREAD_RESUME, 8, 0),
                      (const uint64_t[8]){ 0 });
        host_syscall(host_core(0)); /* in whose band the event counts for nothing */
        host_time_advance(late);
        interrupts_deliver();
        host_stop();
    }
}

static struct thread *wait_until(uint32_t core, ns_t time)
{
    struct thread *thread = prepare(core, SYSCALL_WAIT, NOTIFICATION, 0, (const uint64_t[8]){ 0 });

    thread->registers.time = time;
    host_syscall(host_core(core));
    return thread;
}

/* A deadline gets more important together with its thread, on whatever core that is changed. */
TEST(cores_a_deadline_follows_its_thread)
{
    struct thread *thread;

    machine_begin();
    make(OBJECT_NOTIFICATION, 5, NOTIFICATION);
    make_thread(REMOTE, 1, 1, 20);
    make_thread(THING, 1, 1, 20);
    make_thread(OTHER, 1, 1, 100);
    start(REMOTE);
    thread = wait_until(1, host_time() + 20000);
    start(THING);
    (void)wait_until(1, host_time() + 5000);
    start(OTHER);
    host_time_advance(6000); /* what was armed before it ran has fired: for nothing */
    interrupts_deliver();
    CHECK(host_time_armed(host_core(1)) > host_time() + 20000,
          "the deadlines are none of the running thread's business");
    OK(configure(REMOTE_CONTEXT, 1, 200), "until the thread of one is more important");
    CHECK_EQ(thread->timeout.band, 200 / 16, "it is in that band");
    CHECK_EQ(host_time_armed(host_core(1)), thread->timeout.node.key, "and that core armed for it");
    host_time_advance(20000);
    interrupts_deliver();
    CHECK(current_of(1) == thread, "and it is kept");
    host_stop();
}

/* A thread that runs on the other core at the time is taken from there at once. */
TEST(cores_a_thread_is_moved_while_it_was_running_elsewhere)
{
    machine_begin();
    make_thread(REMOTE, 1, 1, 50);
    make(OBJECT_SCHED_CONTEXT, 0, SPARE);
    OK(configure(SPARE, 0, PRIORITY + 1), "a context for core 0");
    start(REMOTE);
    (void)prepare(0, SYSCALL_CALL, REMOTE, MSG_INFO(THREAD_SUSPEND, 8, 0),
                  (const uint64_t[8]){ 0 });
    host_syscall(host_core(0)); /* core 1 does not look before the end */
    (void)prepare(0, SYSCALL_CALL, REMOTE_CONTEXT, MSG_INFO(SCHED_CONTEXT_UNBIND, 8, 0),
                  (const uint64_t[8]){ 0 });
    host_syscall(host_core(0));
    (void)prepare(0, SYSCALL_CALL, SPARE, MSG_INFO(SCHED_CONTEXT_BIND, 8, 0),
                  (const uint64_t[8]){ REMOTE });
    host_syscall(host_core(0));
    CHECK(current_of(1) == NULL, "it is on core 1 no longer");
    machine_is_sound();
    start(REMOTE);
    CHECK(current_of(0) == thread_in(REMOTE), "and runs on core 0");
    CHECK(current_of(1) == NULL, "only");
    host_stop();
}

TEST(cores_a_thread_that_runs_elsewhere_can_be_destroyed)
{
    machine_begin();
    make_thread(REMOTE, 1, 1, 50);
    start(REMOTE);
    CHECK(current_of(1) == thread_in(REMOTE), "it runs");
    OK(CALL(0, ROOT_SLOT_TABLE, CAP_TABLE_DELETE, REMOTE), "it is destroyed from core 0");
    CHECK(current_of(1) == NULL, "its core idles");
    CHECK(host_core(1)->charged == NULL && host_core(1)->entered == NULL, "and forgot it");
    OK(CALL(0, ROOT_SLOT_TABLE, CAP_TABLE_DELETE, REMOTE_CONTEXT), "the context, too");
    host_stop();
}

TEST(cores_what_is_unmapped_is_gone_on_all_cores)
{
    enum { AT = 0x600000, PAGE = 4096 };
    phys_t phys;

    machine_begin();
    make_thread(REMOTE, 1, 1, 50);
    start(REMOTE);
    make(OBJECT_FRAME, 2 << 8, THING);
    OK(CALL(0, ROOT_SLOT_VSPACE, VSPACE_MAP, THING, 0, 2, AT, PROT_READ | PROT_WRITE),
       "two pages are mapped");
    for (uint32_t page = 0; page < 2; page++) {
        CHECK_EQ(host_user_access(host_core(1), AT + page * PAGE, HOST_WRITE, &phys), 0,
                 "core 1 uses them");
    }
    OK(CALL(0, ROOT_SLOT_VSPACE, VSPACE_UNMAP, AT, 1), "one is unmapped on core 0");
    CHECK_EQ(host_user_access(host_core(1), AT, HOST_READ, &phys), FAULT_NOT_PRESENT, "it is gone");
    OK(CALL(0, ROOT_SLOT_VSPACE, VSPACE_PROTECT, AT + PAGE, 1, PROT_READ), "the other may be read");
    CHECK_EQ(host_user_access(host_core(1), AT + PAGE, HOST_WRITE, &phys), FAULT_PROTECTION,
             "and no more");
    OK(CALL(0, ROOT_SLOT_TABLE, CAP_TABLE_DELETE, THING), "the run goes");
    CHECK_EQ(host_user_access(host_core(1), AT + PAGE, HOST_READ, &phys), FAULT_NOT_PRESENT,
             "with all that was mapped of it");
    host_stop();
}

/* Page tables and the space itself, while the other core has them loaded. */
TEST(cores_tables_and_spaces_that_go_are_not_walked_elsewhere)
{
    enum { AT = 0x600000, SPACE = OTHER, TABLES = OTHER + 1 };
    phys_t phys;

    machine_begin();
    make(OBJECT_VSPACE, 0, SPACE);
    make(OBJECT_PAGE_TABLE, 4, TABLES);
    make(OBJECT_FRAME, 1 << 8, THING);
    make_thread(REMOTE, 1, 1, 50);
    OK(CALL(0, REMOTE, THREAD_CONFIGURE, ROOT_SLOT_TABLE, SPACE), "a space of its own");
    OK(CALL(0, SPACE, VSPACE_ADD_TABLES, TABLES), "with tables");
    OK(CALL(0, SPACE, VSPACE_MAP, THING, 0, 1, AT, PROT_READ), "and a page");
    start(REMOTE);
    CHECK_EQ(host_user_access(host_core(1), AT, HOST_READ, &phys), 0, "core 1 uses it");
    OK(CALL(0, ROOT_SLOT_TABLE, CAP_TABLE_DELETE, TABLES), "the tables go");
    CHECK_EQ(host_user_access(host_core(1), AT, HOST_READ, &phys), FAULT_NOT_PRESENT,
             "nothing is there now");
    OK(CALL(0, ROOT_SLOT_TABLE, CAP_TABLE_DELETE, SPACE), "the space goes");
    CHECK(current_of(1) == NULL && host_loaded_root(1) == 0, "core 1 has left it");
    host_stop();
}

/* The core that removes the tables of the space that it runs in forgets what it knows of them, too. */
TEST(cores_tables_that_go_are_not_walked_here_either)
{
    enum { AT = 0x600000, SPACE = OTHER, TABLES = OTHER + 1 };
    phys_t phys;

    machine_begin();
    make(OBJECT_VSPACE, 0, SPACE);
    make(OBJECT_PAGE_TABLE, 4, TABLES);
    make(OBJECT_FRAME, 1 << 8, THING);
    make_thread(LOCAL, 1, 0, PRIORITY + 1);
    OK(CALL(0, LOCAL, THREAD_CONFIGURE, ROOT_SLOT_TABLE, SPACE), "a space of its own");
    OK(CALL(0, SPACE, VSPACE_ADD_TABLES, TABLES), "with tables");
    OK(CALL(0, SPACE, VSPACE_MAP, THING, 0, 1, AT, PROT_READ), "and a page");
    start(LOCAL);
    CHECK(current_of(0) == thread_in(LOCAL), "it runs, for it is more important");
    CHECK_EQ(host_user_access(host_core(0), AT, HOST_READ, &phys), 0, "it uses the page");
    OK(CALL(0, ROOT_SLOT_TABLE, CAP_TABLE_DELETE, TABLES), "it removes the tables");
    CHECK_EQ(host_user_access(host_core(0), AT, HOST_READ, &phys), FAULT_NOT_PRESENT,
             "nothing is there now");
    machine_is_sound();
    host_stop();
}

TEST(cores_a_loan_through_a_notification_stays_on_its_core)
{
    machine_begin();
    make(OBJECT_NOTIFICATION, 5, NOTIFICATION);
    make_thread(REMOTE, 9, 1, 50);
    make_thread(LOCAL, 2, 1, 20);
    make_thread(OTHER, 9, 0, PRIORITY + 20);
    make_thread(THING, 4, 0, PRIORITY + 30);
    start(REMOTE);
    (void)SEND(1, SYSCALL_WAIT, NOTIFICATION, 0, LOCAL);
    CHECK(thread_in(LOCAL)->lend.top == thread_in(REMOTE)->context, "on one core time is lent");
    start(OTHER);
    (void)SEND(0, SYSCALL_WAIT, NOTIFICATION, 0, LOCAL);
    CHECK(thread_in(OTHER)->state == THREAD_STATE_WAITING && !thread_in(OTHER)->lends_waiting,
          "from another core the thread waits, but lends nothing");
    start(THING);
    (void)SEND(0, SYSCALL_WAIT, NOTIFICATION, 0, 0);
    OK(SEND(0, SYSCALL_SIGNAL, NOTIFICATION, 0, 0), "a badge without bits wakes nobody");
    OK(CALL(0, ROOT_SLOT_TABLE, CAP_TABLE_MINT, SPARE, ROOT_SLOT_TABLE, NOTIFICATION, ~0u, 1),
       "a badge");
    OK(SEND(0, SYSCALL_SIGNAL, SPARE, 0, 0), "the lock is handed over");
    CHECK(current_of(0) == thread_in(THING), "to the most important one");
    CHECK(((struct notification *)object_in(NOTIFICATION))->lend.to == NULL,
          "to which the one of the other core cannot lend");
    host_stop();
}

/* A server of another core takes over an endpoint with callers that lend to the one before. */
TEST(cores_a_server_of_another_core_takes_over)
{
    const struct endpoint *endpoint;

    machine_begin();
    make(OBJECT_ENDPOINT, 2, ENDPOINT);
    make_thread(LOCAL, 9, 0, PRIORITY + 1);
    make_thread(OTHER, 1, 0, 10);
    make_thread(REMOTE, 1, 1, 50);
    endpoint = object_in(ENDPOINT);
    OK(METHOD(0, ENDPOINT, ENDPOINT_SET_SERVER, OTHER), "a server of core 0");
    start(LOCAL);
    (void)SEND(0, SYSCALL_CALL, ENDPOINT, 1, 0);
    CHECK(endpoint->lend.to == &thread_in(OTHER)->lend, "its caller lends to it");
    OK(METHOD(0, ENDPOINT, ENDPOINT_SET_SERVER, REMOTE), "one of core 1 takes over");
    CHECK(endpoint->lend.to == NULL, "nobody lends to that");
    start(REMOTE);
    (void)SEND(1, SYSCALL_RECEIVE, ENDPOINT, 0, 0);
    CHECK(thread_in(REMOTE)->serving == thread_in(LOCAL), "who was queued is served");
    make_thread(THING, 9, 1, 60);
    start(THING);
    (void)SEND(1, SYSCALL_CALL, ENDPOINT, 1, 0);
    CHECK(endpoint->lend.to == &thread_in(REMOTE)->lend, "and the next on its core lends again");
    host_stop();
}

/* A call that one core received is answered by a thread on the caller's, which then runs on the caller's time. */
TEST(cores_a_deferred_call_is_adopted_at_home)
{
    begin_with_server();
    make(OBJECT_REPLY, 0, REPLY);
    make_thread(OTHER, 3, 0, 10);
    start(OTHER);
    (void)SEND(0, SYSCALL_CALL, ENDPOINT, 1, 0);
    OK(CALL(1, REPLY, REPLY_DEFER, 0), "the server defers");
    CHECK(current_of(0) == thread_in(OTHER), "the helper runs on its own time");
    OK(CALL(0, REPLY, REPLY_ADOPT, 0), "and adopts the call");
    CHECK(thread_in(OTHER)->lend.top == thread_in(ROOT_SLOT_THREAD)->context,
          "now on that of the caller");
    OK(SEND(0, SYSCALL_REPLY, 0, 0, 5), "it answers");
    CHECK(current_of(0) == thread_in(ROOT_SLOT_THREAD), "and the caller goes on");
    host_stop();
}

TEST(cores_a_fault_is_handled_elsewhere)
{
    begin_with_server();
    make_thread(OTHER, 9, 0, PRIORITY + 1);
    OK(CALL(0, OTHER, THREAD_SET_HANDLER, ENDPOINT), "the server of core 1 is its handler");
    start(OTHER);
    host_fault(host_core(0), &(struct arch_fault){ .kind = FAULT_DIVIDE });
    interrupts_deliver();
    CHECK(current_of(0) == thread_in(ROOT_SLOT_THREAD), "it stops");
    CHECK_EQ(thread_in(REMOTE)->registers.words[0], FAULT_DIVIDE, "the handler is told");
    OK(SEND(1, SYSCALL_REPLY, 0, 0, 0), "and lets it go on");
    CHECK(current_of(0) == thread_in(OTHER), "where it was");
    host_stop();
}

TEST(cores_timers_and_interrupts_come_to_the_core_that_asked)
{
    enum { TIMER = LOCAL, IRQ = SPARE, BELL = THING, LINE = 3 };

    machine_begin();
    make(OBJECT_NOTIFICATION, 5, NOTIFICATION);
    OK(CALL(0, ROOT_SLOT_TABLE, CAP_TABLE_MINT, BELL, ROOT_SLOT_TABLE, NOTIFICATION, ~0u, 1),
       "a badge");
    make(OBJECT_TIMER, 0, TIMER);
    make(OBJECT_IRQ, 0, IRQ);
    make_thread(REMOTE, 9, 1, 50);
    start(REMOTE);
    OK(CALL(1, TIMER, TIMER_SET, BELL, host_time() + 10000, 0, 15), "a timer of core 1");
    OK(CALL(1, IRQ, IRQ_CLAIM_LINE, ROOT_SLOT_MACHINE, LINE, 0, 0), "and an interrupt");
    OK(CALL(1, IRQ, IRQ_BIND, BELL), "are bound");
    (void)SEND(0, SYSCALL_WAIT, NOTIFICATION, 0, 0);
    host_time_advance(20000);
    CHECK(!host_interrupt_waits(host_core(0)), "core 0 is left in peace");
    interrupts_deliver();
    CHECK(current_of(0) == thread_in(ROOT_SLOT_THREAD), "who waits there is woken");
    (void)SEND(0, SYSCALL_WAIT, NOTIFICATION, 0, 0);
    host_line_raise(LINE);
    CHECK(!host_interrupt_waits(host_core(0)) && host_interrupt_waits(host_core(1)), "again");
    interrupts_deliver();
    CHECK(current_of(0) == thread_in(ROOT_SLOT_THREAD), "it is woken");
    host_stop();
}

/* Who waits for a device runs on core 1: faults of devices interrupt core 0, messages the core that claimed them. */
TEST(cores_a_device_is_heard_on_both)
{
    enum { SPACE = LOCAL, IRQ = SPARE, BELL = THING, SOURCE = 3 };
    const struct thread *driver;
    uint32_t vector;
    phys_t phys;

    machine_begin();
    make(OBJECT_NOTIFICATION, 5, NOTIFICATION);
    OK(CALL(0, ROOT_SLOT_TABLE, CAP_TABLE_MINT, BELL, ROOT_SLOT_TABLE, NOTIFICATION, ~0u, 1),
       "a badge");
    make(OBJECT_IO_SPACE, 0, SPACE);
    make(OBJECT_IRQ, 0, IRQ);
    make_thread(REMOTE, 9, 1, 50);
    start(REMOTE);
    driver = thread_in(REMOTE);
    OK(CALL(1, SPACE, IO_SPACE_ATTACH, ROOT_SLOT_MACHINE, SOURCE), "core 1 has a device");
    OK(CALL(1, SPACE, IO_SPACE_BIND, BELL), "hears of its faults");
    OK(CALL(1, IRQ, IRQ_CLAIM_MSI, ROOT_SLOT_MACHINE, SOURCE), "and has its interrupt");
    vector = (uint32_t)driver->registers.words[1];
    OK(CALL(1, IRQ, IRQ_BIND, BELL), "which is bound");
    (void)SEND(1, SYSCALL_WAIT, NOTIFICATION, 0, 0);
    CHECK(!host_dma(SOURCE, 0x600000, false, &phys), "nothing is mapped there");
    CHECK(host_interrupt_waits(host_core(0)) && !host_interrupt_waits(host_core(1)), "a fault");
    interrupts_deliver();
    CHECK(current_of(1) == driver, "the driver hears of it");
    (void)SEND(1, SYSCALL_WAIT, NOTIFICATION, 0, 0);
    host_msi_raise(vector, SOURCE + 1);
    CHECK(!host_interrupt_waits(host_core(1)), "a message of another device is refused");
    interrupts_deliver();
    CHECK(current_of(1) == NULL, "and is not the driver's fault");
    host_msi_raise(vector, SOURCE);
    CHECK(!host_interrupt_waits(host_core(0)) && host_interrupt_waits(host_core(1)), "its own");
    interrupts_deliver();
    CHECK(current_of(1) == driver, "is");
    (void)SEND(1, SYSCALL_WAIT, NOTIFICATION, 0, 0);
    OK(CALL(0, ROOT_SLOT_TABLE, CAP_TABLE_DELETE, SPACE), "core 0 takes the space away");
    CHECK_EQ(host_source_domain(SOURCE, &phys), 0, "and the device out of it");
    host_stop();
}

/* --- Between a core's own lock and that of all ------------------------------------------------------ */

/* What core 0 does when core 1 has given its own lock back, and before that has all. */
static void signals_come_between(const struct core *core, bool was_alone)
{
    static const uint64_t none[MSG_REGISTER_WORDS];

    host_watch(NULL, NULL);
    CHECK(was_alone && core == host_core(1), "core 1 had its own lock only");
    for (uint32_t i = 0; i < 2; i++) {
        (void)prepare(0, SYSCALL_SIGNAL, SPARE, 0, none);
        host_syscall(host_core(0));
    }
    (void)host_interrupts_deliver(host_core(1)); /* which goes on */
}

/* What reaches who waits at core 0 is put off until core 1 has all locks; meanwhile it is woken. */
TEST(cores_who_is_woken_before_its_time_is_known_runs)
{
    machine_begin();
    make(OBJECT_NOTIFICATION, 5, NOTIFICATION);
    OK(CALL(0, ROOT_SLOT_TABLE, CAP_TABLE_MINT, SPARE, ROOT_SLOT_TABLE, NOTIFICATION, ~0u, 1),
       "a badge");
    make_thread(LOCAL, 9, 0, PRIORITY + 1);
    make_thread(REMOTE, 9, 1, 50);
    OK(CALL(0, REMOTE_CONTEXT, SCHED_CONTEXT_CONFIGURE, ROOT_SLOT_MACHINE, 50, BUDGET_NS,
            10 * BUDGET_NS, 1),
       "little budget");
    start(LOCAL);
    (void)SEND(0, SYSCALL_WAIT, NOTIFICATION, 0, 0);
    start(REMOTE);
    host_time_advance(BUDGET_NS);
    (void)wait_until(1, DEADLINE_NEVER);
    interrupts_deliver();
    CHECK(thread_in(REMOTE)->waiting_on->home == host_core(0), "it waits at the other core");
    CHECK(thread_in(REMOTE)->lend.top == NULL, "and has no budget");
    host_time_advance(10 * BUDGET_NS);
    host_watch(NULL, signals_come_between);
    (void)host_interrupts_deliver(host_core(1));
    CHECK(!host_core(1)->must_dispatch, "when its core leaves the kernel all is decided");
    CHECK(current_of(1) == thread_in(REMOTE), "it runs: it was woken, and has budget again");
    interrupts_deliver();
    host_stop();
}

/* An endpoint stays where somebody lends to it, but not longer: a server waits at one of its own core. */
TEST(cores_an_endpoint_comes_home_when_its_callers_are_refused)
{
    const struct endpoint *endpoint;

    machine_begin();
    make(OBJECT_ENDPOINT, 2, ENDPOINT);
    make_thread(LOCAL, 9, 0, PRIORITY + 1);
    make_thread(OTHER, 1, 0, 10);
    make_thread(REMOTE, 1, 1, 50);
    endpoint = object_in(ENDPOINT);
    OK(METHOD(0, ENDPOINT, ENDPOINT_SET_SERVER, OTHER), "a server of core 0");
    start(LOCAL);
    (void)call(0, SYSCALL_CALL, ENDPOINT, MSG_INFO(1, MSG_REGISTER_WORDS + 1, 0),
               (const uint64_t[8]){ 0 });
    OK(METHOD(0, ENDPOINT, ENDPOINT_SET_SERVER, REMOTE), "one of core 1 takes over");
    CHECK(endpoint->home == host_core(0), "the endpoint stays with who lends to it");
    start(REMOTE);
    (void)SEND(1, SYSCALL_RECEIVE, ENDPOINT, 0, 0);
    CHECK_EQ(thread_in(LOCAL)->registers.op, ERR_NO_BUFFER, "whose message is too long");
    CHECK(thread_in(REMOTE)->state == THREAD_STATE_RECEIVING, "the server waits");
    CHECK(endpoint->home == host_core(1), "at an endpoint of its core");
    host_stop();
}
