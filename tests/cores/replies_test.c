/* SPDX-License-Identifier: MIT */
/* Calls that wait in a reply object: what of that a core does with its own lock, and what it needs all for. */
#include "two_cores.h"

enum { WORDS = 8 };
static const uint64_t none[MSG_REGISTER_WORDS];

static const struct reply *reply(void)
{
    return object_in(REPLY);
}

/* Of core 1 like the server, and less important; it runs whenever that waits. */
static void caller_start(uint32_t slot)
{
    make_thread(slot, 9, 1,
                49); /* in the band of the server: its deadlines count while that runs */
    start(slot);
}

/* The server has the caller's call, with a deadline so much later, and was the first to defer. */
static struct thread *call_comes(uint32_t core, ns_t later_ns)
{
    struct thread *caller = prepare(core, SYSCALL_CALL, ENDPOINT, MSG_INFO(1, 1, 0), none);

    caller->registers.time = later_ns == 0 ? DEADLINE_NEVER : host_time() + later_ns;
    host_syscall(host_core(core));
    interrupts_deliver();
    CHECK(current_of(1) == thread_in(REMOTE) && caller->served_by == thread_in(REMOTE),
          "the server has the call");
    return caller;
}

static void begin_with_reply(void)
{
    begin_with_server();
    make(OBJECT_REPLY, 0, REPLY);
}

TEST(cores_who_defers_first_makes_the_reply_object_its_own)
{
    begin_with_reply();
    caller_start(LOCAL);
    CHECK(reply()->home == NULL, "it is nobody's");
    (void)call_comes(1, 0);
    OK(ALL(1, SYSCALL_CALL, REPLY, REPLY_DEFER, 0), "the first call is deferred with all locks");
    CHECK(reply()->home == host_core(1), "it is core 1's");
    OK(OWN(1, SYSCALL_CALL, REPLY, REPLY_ADOPT, 0), "from then on its own is enough: adopted");
    OK(OWN(1, SYSCALL_CALL, REPLY, REPLY_DEFER, 0), "deferred again");
    OK(OWN(1, SYSCALL_REPLY, REPLY, 0, 0), "answered");
    CHECK_EQ(OWN(1, SYSCALL_REPLY, REPLY, 0, 0), ERR_NO_CALL, "empty");
    CHECK_EQ(OWN(1, SYSCALL_CALL, REPLY, REPLY_ADOPT, 0), ERR_NO_CALL, "nothing to adopt");
    CHECK_EQ(OWN(1, SYSCALL_CALL, REPLY, REPLY_DEFER, 0), ERR_NO_CALL, "nothing to defer");
    CHECK_EQ(ALL(0, SYSCALL_CALL, REPLY, REPLY_ADOPT, 0), ERR_NO_CALL,
             "another core must not look");
    CHECK_EQ(ALL(0, SYSCALL_REPLY, REPLY, 0, 0), ERR_NO_CALL, "nor here");
    CHECK(reply()->home == host_core(1), "it stays");
    host_stop();
}

TEST(cores_a_deferred_call_of_another_core_is_answered_through_its_inbox)
{
    struct thread *caller;

    begin_with_reply();
    for (uint32_t round = 0; round < 3; round++) {
        caller = call_comes(0, round == 1 ? 1000000 : 0);
        OK(call_alone(round > 0, 1, OP(SYSCALL_CALL, REPLY), REPLY_DEFER, none), "it is deferred");
        CHECK(caller->is_away && caller->held_by == reply(), "it stays with core 1");
        if (round == 2) {
            OK(OWN(1, SYSCALL_CALL, REPLY, REPLY_ADOPT, 0), "adopted");
            CHECK(caller->is_away && caller->lend.to == NULL, "without lending");
            OK(OWN(1, SYSCALL_CALL, REPLY, REPLY_DEFER, 0), "deferred again");
        }
        caller->registers.words[0] = 0;
        (void)prepare(1, SYSCALL_REPLY, REPLY, MSG_INFO(7, 1, 0), (const uint64_t[8]){ 21 });
        CHECK(syscall_alone(1), "it is answered with the own lock");
        CHECK(caller->state == THREAD_STATE_CALLING && reply()->caller == NULL, "and under way");
        interrupts_deliver();
        CHECK(current_of(0) == caller && !caller->is_away, "it has come");
        CHECK_EQ(caller->registers.words[0], 21, "with the answer");
        CHECK(!caller->timeout.node.is_queued, "and its deadline counts no more");
        (void)SEND(1, SYSCALL_RECEIVE, ENDPOINT, 0, 0);
    }
    host_stop();
}

/* The inbox of the caller's core is full, or a capability goes along: then all locks. */
TEST(cores_a_deferred_call_is_answered_with_all_locks_if_it_must_be)
{
    begin_with_reply();
    caller_start(LOCAL);
    make(OBJECT_NOTIFICATION, 5, NOTIFICATION);
    (void)call_comes(1, 0);
    OK(ALL(1, SYSCALL_CALL, REPLY, REPLY_DEFER, 0), "of the own core");
    (void)prepare(1, SYSCALL_REPLY, REPLY, MSG_INFO(0, 1, 1), none);
    CHECK(!syscall_alone(1), "a capability is sent with all locks");
    interrupts_deliver();
    OK(OWN(1, SYSCALL_REPLY, REPLY, 0, 0), "none with the own");
    (void)SEND(1, SYSCALL_RECEIVE, ENDPOINT, 0, 0);
    (void)call_comes(0, 0);
    OK(OWN(1, SYSCALL_CALL, REPLY, REPLY_DEFER, 0), "of the other core");
    atomic_store(&host_core(0)->inbox_count, 8);
    (void)prepare(1, SYSCALL_REPLY, REPLY, MSG_INFO(0, 1, 0), none);
    CHECK(!syscall_alone(1), "a full inbox takes no answer");
    atomic_store(&host_core(0)->inbox_count, 0);
    interrupts_deliver();
    CHECK(current_of(0) == thread_in(ROOT_SLOT_THREAD), "it has come all the same");
    host_stop();
}

TEST(cores_a_deferred_call_of_the_own_core_ends_in_time_with_the_own_lock)
{
    struct thread *caller;

    begin_with_reply();
    caller_start(LOCAL);
    for (uint32_t round = 0; round < 2; round++) {
        caller = call_comes(1, 500000);
        OK(call_alone(round > 0, 1, OP(SYSCALL_CALL, REPLY), REPLY_DEFER, none), "it is deferred");
        CHECK(caller->timeout.node.is_queued, "its deadline is queued");
        host_time_advance(600000);
        alone_begin();
        while (host_interrupt_waits(host_core(1))) {
            (void)host_interrupts_deliver(host_core(1));
        }
        CHECK(alone_end() > 0 && !host_core(1)->must_expire, "it ends with the own lock");
        CHECK_EQ(caller->registers.op, ERR_TIMED_OUT, "in time");
        interrupts_deliver();
        CHECK_EQ(OWN(1, SYSCALL_REPLY, REPLY, 0, 0), ERR_CALLER_GONE, "the server hears of it");
        (void)SEND(1, SYSCALL_RECEIVE, ENDPOINT, 0, 0);
    }
    host_stop();
}

/* While its server runs on its time its deadline need not be queued; from then on it must. */
TEST(cores_a_call_that_is_deferred_keeps_its_deadline)
{
    struct thread *caller;

    begin_with_reply();
    make_thread(LOCAL, 9, 1, 55);
    start(LOCAL);
    caller = call_comes(1, 3 * BUDGET_NS);
    CHECK(thread_in(REMOTE)->lend.top == caller->context, "the server runs on its caller's time");
    CHECK(!caller->timeout.node.is_queued, "which is looked at before the deadline");
    OK(ALL(1, SYSCALL_CALL, REPLY, REPLY_DEFER, 0), "the call is deferred");
    CHECK(caller->timeout.node.is_queued, "and ends in time");
    host_stop();
}

/* It waits at its own core; who holds its call is of another: the time-out takes it from there. */
TEST(cores_a_deferred_call_of_another_core_ends_in_time_with_all_locks)
{
    struct thread *caller;

    begin_with_reply();
    caller = call_comes(0, 500000);
    OK(CALL(1, REPLY, REPLY_DEFER, 0), "it is deferred");
    host_time_advance(600000);
    interrupts_deliver();
    CHECK_EQ(caller->registers.op, ERR_TIMED_OUT, "it ends in time");
    CHECK(reply()->caller == NULL && reply()->server == NULL, "and is held no longer");
    CHECK_EQ(OWN(1, SYSCALL_CALL, REPLY, REPLY_ADOPT, 0), ERR_CALLER_GONE,
             "the server hears of it");
    host_stop();
}

TEST(cores_a_reply_object_goes_to_who_defers_next)
{
    begin_with_reply();
    make_thread(OTHER, 3, 0, 10);
    start(OTHER);
    (void)call_comes(0, 0);
    OK(ALL(1, SYSCALL_CALL, REPLY, REPLY_DEFER, 0), "core 1 defers");
    OK(ALL(0, SYSCALL_CALL, REPLY, REPLY_ADOPT, 0), "core 0 takes the call out of it");
    CHECK(!thread_in(ROOT_SLOT_THREAD)->is_away, "which is away no longer");
    CHECK(reply()->home == host_core(1), "the object is still core 1's");
    OK(ALL(0, SYSCALL_CALL, REPLY, REPLY_DEFER, 0), "core 0 defers");
    CHECK(reply()->home == host_core(0), "now it is core 0's");
    OK(OWN(0, SYSCALL_CALL, REPLY, REPLY_ADOPT, 0), "whose lock is enough");
    CHECK(thread_in(OTHER)->lend.top == thread_in(ROOT_SLOT_THREAD)->context, "time is lent");
    OK(OWN(0, SYSCALL_CALL, REPLY, REPLY_DEFER, 0), "and given back");
    CHECK(thread_in(OTHER)->lend.top == thread_in(OTHER)->context, "it has its own again");
    OK(ALL(1, SYSCALL_REPLY, REPLY, 0, 0), "core 1 may answer, with all locks");
    CHECK(current_of(0) == thread_in(ROOT_SLOT_THREAD), "the caller goes on");
    host_stop();
}

static uint32_t times_given_up;

static void count_given_up(const struct core *core)
{
    (void)core;
    times_given_up++;
    CHECK(thread_in(REMOTE)->caller_is_gone, "who gives up has not heard it yet");
}

/* The server is in the middle of a delete, and its caller has gone. */
static void begin_to_delete(void)
{
    make(OBJECT_CAP_TABLE, 4, THING);
    for (uint32_t slot = 1; slot < 8; slot++) {
        OK(CALL(0, THING, CAP_TABLE_MINT, slot, ROOT_SLOT_TABLE, ENDPOINT, ~0u, 1), "a copy");
    }
    (void)call_comes(1, 500000);
    host_preempt_at(3);
    (void)prepare(1, SYSCALL_CALL, ROOT_SLOT_TABLE, MSG_INFO(CAP_TABLE_DELETE, 1, 0),
                  (const uint64_t[8]){ THING });
    host_syscall(host_core(1));
    host_preempt_at(0);
    CHECK(host_is_restarting(thread_in(REMOTE)), "it is not through");
    host_time_advance(600000);
    interrupts_deliver();
    CHECK(thread_in(REMOTE)->caller_is_gone, "its caller waits no longer");
}

/* What is left of that is work for all locks, and comes before an error is told. */
TEST(cores_who_is_in_the_middle_of_a_delete_hears_once_that_its_caller_is_gone)
{
    begin_with_reply();
    caller_start(LOCAL);
    (void)call_comes(1, 0);
    OK(ALL(1, SYSCALL_CALL, REPLY, REPLY_DEFER, 0), "the object is core 1's");
    OK(OWN(1, SYSCALL_REPLY, REPLY, 0, 0), "and empty");
    times_given_up = 0;
    for (uint32_t round = 0; round < 4; round++) {
        (void)SEND(1, SYSCALL_RECEIVE, ENDPOINT, 0, 0);
        begin_to_delete();
        (void)prepare(1, SYSCALL_CALL, REPLY, MSG_INFO(REPLY_DEFER, WORDS, 0), none);
        host_watch(NULL, NULL, count_given_up);
        host_syscall(host_core(1));
        host_watch(NULL, NULL, NULL);
        interrupts_deliver();
        CHECK_EQ(thread_in(REMOTE)->registers.op, ERR_CALLER_GONE, "it hears it");
        make(OBJECT_NOTIFICATION, 0, NOTIFICATION);
        OK(CALL(1, ROOT_SLOT_TABLE, CAP_TABLE_DELETE, NOTIFICATION), "the rest goes with the next");
        for (uint32_t i = 0; i < round; i++) {
            OK(ALL(0, SYSCALL_CALL, ROOT_SLOT_MACHINE, MACHINE_INFO, 0),
               "others were free, or not");
        }
    }
    CHECK(times_given_up > 0 && times_given_up < 4, "both ways were gone");
    host_stop();
}

TEST(cores_a_fault_of_another_core_is_deferred_and_answered)
{
    begin_with_reply();
    make_thread(OTHER, 9, 0, PRIORITY + 1);
    OK(CALL(0, OTHER, THREAD_SET_HANDLER, ENDPOINT), "the server of core 1 is its handler");
    start(OTHER);
    for (uint32_t label = 0; label < 2; label++) {
        host_fault(host_core(0), &(struct arch_fault){ .kind = FAULT_DIVIDE });
        interrupts_deliver();
        OK(call_alone(label > 0, 1, OP(SYSCALL_CALL, REPLY), REPLY_DEFER, none), "it is deferred");
        OK(OWN(1, SYSCALL_REPLY, REPLY, label, 0), "and answered");
        CHECK_EQ(thread_in(OTHER)->state, label == 0 ? THREAD_STATE_READY : THREAD_STATE_INACTIVE,
                 "it goes on, or does not");
        (void)SEND(1, SYSCALL_RECEIVE, ENDPOINT, 0, 0);
    }
    host_stop();
}
