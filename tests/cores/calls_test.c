/* SPDX-License-Identifier: MIT */
/* Calls, signals and faults between two cores: who is served, who lends, where endpoints are at home. */
#include "two_cores.h"

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
    CHECK(thread_in(OTHER)->is_away && thread_in(OTHER)->lend.to == NULL, "it does not lend");
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

/* What a core may do alone is asked when its inbox is empty: what was in it may have changed that. */
TEST(cores_a_signal_finds_another_waiter_than_before_the_inbox_was_emptied)
{
    machine_begin();
    make(OBJECT_NOTIFICATION, 2, NOTIFICATION);
    OK(CALL(0, ROOT_SLOT_TABLE, CAP_TABLE_MINT, SPARE, ROOT_SLOT_TABLE, NOTIFICATION, ~0u, 1),
       "one to signal");
    make_thread(LOCAL, 9, 0, PRIORITY + 50);
    make_thread(OTHER, 9, 1, PRIORITY - 40);
    make_thread(REMOTE, 9, 1, PRIORITY - 50);
    make_thread(THING, 9, 0, 255);
    start(LOCAL);
    (void)SEND(0, SYSCALL_WAIT, NOTIFICATION, 0, 0);
    start(OTHER);
    (void)SEND(1, SYSCALL_WAIT, NOTIFICATION, 0, 0);
    start(REMOTE);
    start(THING);
    CHECK(current_of(0) == thread_in(THING), "nothing is more important");
    OK(SEND(1, SYSCALL_SIGNAL, SPARE, 0, 0), "a signal from the other core");
    CHECK_EQ(thread_in(LOCAL)->state, THREAD_STATE_WAITING, "waits in the inbox");
    OK(SEND(0, SYSCALL_SIGNAL, SPARE, 0, 0), "a second one, from here");
    CHECK_EQ(thread_in(LOCAL)->state, THREAD_STATE_READY, "the first wakes the one of this core");
    CHECK_EQ(thread_in(OTHER)->state, THREAD_STATE_READY, "the second that of the other");
    host_stop();
}

/* Who has no time of its own may have somebody else's: that is known to its core only. */
TEST(cores_a_passive_server_that_is_lent_time_wakes_on_an_idle_core)
{
    begin_with_server();
    OK(CALL(0, REMOTE_CONTEXT, SCHED_CONTEXT_UNBIND, 0), "the server becomes passive");
    make(OBJECT_ENDPOINT, 2, THING);
    OK(METHOD(0, THING, ENDPOINT_SET_SERVER, REMOTE), "it serves another endpoint, too");
    make_thread(LOCAL, 9, 1, 60);
    start(LOCAL);
    (void)SEND(1, SYSCALL_CALL, THING, 1, 0);
    CHECK(current_of(1) == NULL, "whose caller lends to it, while it receives elsewhere");
    (void)SEND(0, SYSCALL_CALL, ENDPOINT, 1, 22);
    CHECK(current_of(1) == thread_in(REMOTE), "it is woken at once");
    host_stop();
}
