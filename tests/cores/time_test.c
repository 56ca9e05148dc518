/* SPDX-License-Identifier: MIT */
/* Time on two cores: deadlines, budgets and groups belong to one, whoever asks. */
#include "two_cores.h"

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

/* A context that is taken from its thread, and made a group, before its core has looked: what the thread ran is not the group's. */
TEST(cores_a_context_that_becomes_a_group_is_charged_no_more)
{
    struct sched_context *group;

    machine_begin();
    make_thread(OTHER, 9, 1, 60);
    make_thread(REMOTE, 1, 1, 50);
    start(REMOTE);
    group = object_in(REMOTE_CONTEXT);
    host_time_advance(1000);
    (void)prepare(0, SYSCALL_CALL, REMOTE_CONTEXT, MSG_INFO(SCHED_CONTEXT_UNBIND, 8, 0),
                  (const uint64_t[8]){ 0 });
    host_syscall(host_core(0));
    (void)prepare(0, SYSCALL_CALL, REMOTE_CONTEXT, MSG_INFO(SCHED_CONTEXT_ADD, 8, 0),
                  (const uint64_t[8]){ OTHER_CONTEXT });
    host_syscall(host_core(0));
    CHECK_EQ(group->members, 1, "it is a group");
    machine_is_sound();
    host_time_advance(BUDGET_NS);
    interrupts_deliver();
    CHECK(!group->replenish.node.is_queued, "nobody is parked, and no event is to come");
    host_time_advance(10 * BUDGET_NS);
    interrupts_deliver();
    CHECK(group->used_ns < BUDGET_NS, "what nobody ran is not charged");
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

/* Its core has been told to move the deadline, and has not looked yet. */
TEST(cores_a_thread_goes_before_its_deadline_has_followed)
{
    const struct thread *thread;

    machine_begin();
    make(OBJECT_NOTIFICATION, 5, NOTIFICATION);
    make_thread(REMOTE, 1, 1, 20);
    start(REMOTE);
    thread = wait_until(1, host_time() + 20000);
    (void)prepare(0, SYSCALL_CALL, REMOTE_CONTEXT, MSG_INFO(SCHED_CONTEXT_CONFIGURE, 8, 0),
                  (const uint64_t[8]){ ROOT_SLOT_MACHINE, 200, BUDGET_NS, 2 * BUDGET_NS, 1 });
    host_syscall(host_core(0));
    CHECK(host_core(1)->behind == thread, "it is to be moved");
    (void)prepare(0, SYSCALL_CALL, ROOT_SLOT_TABLE, MSG_INFO(CAP_TABLE_DELETE, 8, 0),
                  (const uint64_t[8]){ REMOTE });
    host_syscall(host_core(0));
    CHECK(host_core(1)->behind == NULL, "but there is none any more");
    interrupts_deliver();
    host_stop();
}

/* --- Between a core's own lock and that of all ------------------------------------------------------ */

/* What core 0 does when core 1 has given its own lock back, and before that has all. */
static void signals_come_between(const struct core *core, bool was_alone)
{
    static const uint64_t none[MSG_REGISTER_WORDS];

    host_watch(NULL, NULL, NULL);
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
    host_watch(NULL, signals_come_between, NULL);
    (void)host_interrupts_deliver(host_core(1));
    CHECK(!host_core(1)->must_dispatch, "when its core leaves the kernel all is decided");
    CHECK(current_of(1) == thread_in(REMOTE), "it runs: it was woken, and has budget again");
    interrupts_deliver();
    host_stop();
}

static const struct notification *signalled;
static uint32_t times_given_up;

static void nothing_is_set(const struct core *core)
{
    (void)core;
    times_given_up++;
    CHECK_EQ(signalled->bits, 0, "no bit is set");
}

/* Who would be woken is another core's. */
TEST(cores_a_signal_that_gives_up_has_set_nothing)
{
    machine_begin();
    make(OBJECT_NOTIFICATION, 5, NOTIFICATION);
    OK(CALL(0, ROOT_SLOT_TABLE, CAP_TABLE_MINT, SPARE, ROOT_SLOT_TABLE, NOTIFICATION, ~0u, 1),
       "a badge");
    make_thread(LOCAL, 9, 0, PRIORITY + 1);
    make_thread(REMOTE, 9, 1, PRIORITY + 2);
    start(LOCAL);
    (void)SEND(0, SYSCALL_WAIT, NOTIFICATION, 0, 0);
    start(REMOTE);
    times_given_up = 0;
    for (uint32_t i = 0; i < 2; i++) {
        signalled = wait_until(1, DEADLINE_NEVER)->waiting_on;
        interrupts_deliver();
        CHECK(signalled->home == host_core(0), "it waits at the other core");
        host_watch(NULL, NULL, nothing_is_set);
        OK(SEND(0, SYSCALL_SIGNAL, SPARE, 0, 0), "a signal");
        host_watch(NULL, NULL, NULL);
        interrupts_deliver();
        CHECK(current_of(1) == thread_in(REMOTE), "it is woken");
    }
    CHECK(times_given_up > 0, "the others were not free");
    host_stop();
}
