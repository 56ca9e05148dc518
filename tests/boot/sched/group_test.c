/* SPDX-License-Identifier: MIT */
/* Groups of contexts: what members may use together, who waits when it is used up, and that nothing is lost of the account. */
#include "boot_test/make.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"
#include "pith/syscall.h"

#define SLACK_NS US(20) /* of one switch, with all that it costs */
#define MANY 20u        /* members: more than one kernel entry parks or wakes */

static struct worker *spinner(uint32_t priority, ns_t budget, ns_t period)
{
    struct worker *worker = worker_make(worker_spin, 3);

    worker_time(worker, priority, budget, period);
    return worker;
}

static cap_addr_t group_of(ns_t budget, ns_t period)
{
    cap_addr_t group = make(OBJECT_SCHED_CONTEXT, 0);

    REQUIRE_OK(sched_context_configure(group, MACHINE, 0, budget, period, 0));
    return group;
}

static struct worker *member(cap_addr_t group, uint32_t priority, ns_t slice)
{
    struct worker *worker = spinner(priority, slice, slice);

    REQUIRE_OK(sched_context_add(group, worker->context));
    return worker;
}

static void resume_all(struct worker *const *workers, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        worker_resume(workers[i]);
    }
}

static ns_t used_by_all(struct worker *const *workers, uint32_t count)
{
    ns_t sum = 0;

    for (uint32_t i = 0; i < count; i++) {
        sum += used_of(workers[i]->context);
    }
    return sum;
}

/* How far they got, one after the other. */
static uint64_t counts_of(struct worker *const *workers, uint32_t count)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < count; i++) {
        sum += workers[i]->out[0];
    }
    return sum;
}

TEST(members_have_the_groups_budget_together)
{
    cap_addr_t group = group_of(US(200), MS(1));
    struct worker *members[3] = { member(group, 100, MS(1)), member(group, 90, MS(1)),
                                  member(group, 80, MS(1)) };
    struct worker *low = spinner(10, MS(1000), MS(1000));

    resume_all(members, 3);
    worker_resume(low);
    sleep_ns(MS(10));
    CHECK_BETWEEN(used_of(group), MS(2) - 11 * SLACK_NS, MS(2) + 11 * SLACK_NS, "a fifth");
    CHECK_EQ(used_by_all(members, 3), used_of(group), "charged to both, to the nanosecond");
    CHECK_EQ(members[1]->out[0] + members[2]->out[0], 0, "the most important has all of it");
    CHECK_BETWEEN(used_of(low->context), MS(7) + US(500), MS(8) + 11 * SLACK_NS,
                  "another has the rest");
}

TEST(members_of_one_priority_share_by_turns)
{
    cap_addr_t group = group_of(US(300), MS(1));
    struct worker *members[3] = { member(group, 50, US(30)), member(group, 50, US(30)),
                                  member(group, 50, US(60)) };

    resume_all(members, 3);
    sleep_ns(MS(20));
    CHECK_EQ(used_by_all(members, 3), used_of(group), "the account is exact");
    CHECK_BETWEEN(used_of(group), MS(6) - 21 * SLACK_NS, MS(6) + 21 * SLACK_NS, "three tenths");
    CHECK_BETWEEN(used_of(members[0]->context), MS(1), MS(2), "a quarter");
    CHECK_BETWEEN(used_of(members[1]->context), MS(1), MS(2), "a quarter");
    CHECK_BETWEEN(used_of(members[2]->context), MS(2) + US(500), MS(3) + US(500), "half");
}

TEST(no_window_of_a_period_has_more_than_the_groups_budget)
{
    cap_addr_t group = group_of(US(200), MS(1));
    struct worker *members[2] = { member(group, 100, US(70)), member(group, 100, US(110)) };
    ns_t used[41];

    resume_all(members, 2);
    for (uint32_t i = 0; i < 41; i++) {
        sleep_ns(US(250));
        used[i] = used_of(group);
    }
    for (uint32_t i = 4; i < 41; i++) {
        CHECK_BETWEEN(used[i] - used[i - 4], 0, US(200) + 3 * SLACK_NS, "in any millisecond");
    }
    CHECK(used[40] > MS(1) + US(800), "and all of it is used");
}

TEST(a_members_own_budget_still_counts)
{
    cap_addr_t group = group_of(US(300), MS(1));
    struct worker *poor = spinner(100, US(100), MS(1));
    struct worker *other = member(group, 50, MS(1));

    REQUIRE_OK(sched_context_add(group, poor->context));
    worker_resume(poor);
    worker_resume(other);
    sleep_ns(MS(10));
    CHECK_BETWEEN(used_of(poor->context), US(900), US(1000) + 11 * SLACK_NS, "its own tenth");
    CHECK_BETWEEN(used_of(other->context), US(1800), US(2000) + 11 * SLACK_NS,
                  "the other one has what is left of the group's");
}

TEST(spare_time_of_a_member_is_the_groups_too)
{
    cap_addr_t group = group_of(US(300), MS(1));
    struct worker *limited = spinner(100, US(100), MS(1));

    REQUIRE_OK(sched_context_set_spare(limited->context, MACHINE, 5));
    REQUIRE_OK(sched_context_add(group, limited->context));
    worker_resume(limited);
    sleep_ns(MS(10));
    CHECK_BETWEEN(used_of(limited->context), MS(2) + US(700), MS(3) + 11 * SLACK_NS,
                  "a tenth for sure, two more while nobody else wants to, and no more");
    CHECK_EQ(used_of(limited->context), used_of(group), "all charged to both");
    CHECK_OK(sched_context_remove(group, limited->context));
    sleep_ns(MS(10));
    CHECK_BETWEEN(used_of(limited->context), MS(12) + US(600), MS(13) + 11 * SLACK_NS,
                  "without the group all that there is");
}

TEST(a_group_of_all_the_time_only_counts)
{
    cap_addr_t group = group_of(MS(1), MS(1));
    struct worker *members[2] = { member(group, 50, US(100)), member(group, 40, US(100)) };

    resume_all(members, 2);
    sleep_ns(MS(5));
    CHECK_OK(sched_context_unbind(members[0]->context));
    sleep_ns(MS(5));
    CHECK_BETWEEN(used_of(group), MS(10) - US(200), MS(10) + US(200), "nobody waits");
    CHECK_EQ(used_by_all(members, 2), used_of(group), "the account is exact");
    CHECK_BETWEEN(used_of(members[1]->context), MS(5) - US(200), MS(5) + US(200), "half each");
}

/* More of them than one kernel entry parks, each its own priority: none may run, all must come back. */
TEST(an_empty_group_holds_up_many_members)
{
    cap_addr_t group = group_of(US(400), MS(4));
    struct worker *members[MANY];
    struct worker *low = spinner(10, MS(1000), MS(1000));

    for (uint32_t i = 0; i < MANY; i++) {
        members[i] = member(group, 30 + 5 * (i * 7 % MANY), MS(10));
    }
    resume_all(members, MANY);
    worker_resume(low);
    sleep_ns(MS(1));
    uint64_t counts = counts_of(members, MANY);
    uint64_t rest = low->out[0];

    CHECK(counts > 0, "they ran");
    sleep_ns(MS(2));
    CHECK_EQ(counts_of(members, MANY), counts, "and stopped, all of them");
    CHECK(low->out[0] > rest, "a less important one, who is no member, did not");
    sleep_ns(MS(2));
    CHECK(counts_of(members, MANY) > counts, "with the next budget they go on");
    CHECK_BETWEEN(used_of(group), US(800) - SLACK_NS, US(800) + 2 * SLACK_NS, "two budgets");
    CHECK_EQ(used_by_all(members, MANY), used_of(group), "the account is exact");
    for (uint32_t i = 0; i < MANY; i++) {
        bool is_first = 30 + 5 * (i * 7 % MANY) == 30 + 5 * (MANY - 1);

        CHECK_EQ(members[i]->out[0] != 0, is_first, "the most important one has it all");
    }
}

/* One that is awake for a moment only, less important than the others of its group. */
TEST(all_of_many_members_get_their_turn)
{
    cap_addr_t group = group_of(US(500), MS(1));
    struct worker *members[MANY];

    for (uint32_t i = 0; i < MANY; i++) {
        members[i] = member(group, 50, US(20));
    }
    resume_all(members, MANY);
    sleep_ns(MS(10));
    for (uint32_t i = 0; i < MANY; i++) {
        CHECK_BETWEEN(used_of(members[i]->context), US(150), US(350), "a twentieth of half");
    }
    CHECK_EQ(used_by_all(members, MANY), used_of(group), "the account is exact");
}

TEST(who_leaves_or_joins_has_or_lacks_time_at_once)
{
    cap_addr_t group = group_of(US(100), MS(100));
    struct worker *first = member(group, 50, MS(1));
    struct worker *second = spinner(40, MS(1), MS(1));

    worker_resume(first);
    sleep_ns(US(500));
    worker_resume(second);
    uint64_t count = first->out[0];

    sleep_ns(US(300));
    CHECK_EQ(first->out[0], count, "held up");
    CHECK(second->out[0] > 0, "the other one runs");
    CHECK_OK(sched_context_add(group, second->context));
    count = second->out[0];
    sleep_ns(US(300));
    CHECK_EQ(second->out[0], count, "until it joins an empty group");
    ns_t used = used_of(group);

    CHECK_OK(sched_context_remove(group, first->context));
    count = first->out[0];
    sleep_ns(US(300));
    CHECK(first->out[0] > count, "who leaves goes on");
    CHECK_EQ(used_of(group), used, "and is not charged to the group any more");
    CHECK_OK(sched_context_configure(group, MACHINE, 0, US(100), MS(100), 0));
    CHECK_OK(sched_context_unbind(first->context));
    count = second->out[0];
    sleep_ns(US(300));
    CHECK(second->out[0] > count, "configuring the group refills it");
    CHECK_BETWEEN(used_of(group), US(100), US(100) + SLACK_NS, "once");
}

TEST(a_group_that_dies_lets_its_members_go)
{
    cap_addr_t group = group_of(US(100), MS(1000));
    struct worker *members[MANY];

    for (uint32_t i = 0; i < MANY; i++) {
        members[i] = member(group, 50, US(50));
    }
    resume_all(members, MANY);
    sleep_ns(MS(1));
    uint64_t counts = counts_of(members, MANY);

    sleep_ns(MS(1));
    CHECK_EQ(counts_of(members, MANY), counts, "held up");
    delete (group);
    sleep_ns(MS(2));
    for (uint32_t i = 0; i < MANY; i++) {
        CHECK(used_of(members[i]->context) >= US(50), "each has its turn");
    }
}

TEST(a_member_that_dies_is_missed_by_nobody)
{
    cap_addr_t group = group_of(US(100), MS(2));
    struct worker *first = member(group, 60, MS(1));
    struct worker *second = member(group, 50, MS(1));

    worker_resume(first);
    worker_resume(second);
    sleep_ns(MS(1));
    ns_t used = used_of(group);

    CHECK_EQ(used, used_of(first->context), "the first has used it up");
    delete (first->context);
    CHECK_EQ(used_of(group), used, "what the dead used stays used");
    sleep_ns(MS(2));
    CHECK_EQ(used_of(group), used + used_of(second->context), "the next budget is the second's");
    CHECK(second->out[0] > 0, "it ran");
}

/* --- Calls ------------------------------------------------------------------------------------- */

static void serve(struct worker *worker)
{
    struct message message = receive_from((cap_addr_t)worker->arg[0]);

    while (message_do(&message) == ERR_OK || message.op == ERR_CALLER_GONE) {
        if (message.op == ERR_OK) {
            spin_rounds(message.words[0]);
            worker->out[0]++;
        }
        message = reply_receive_on((cap_addr_t)worker->arg[0], 0, 0);
    }
}

static void call_once(struct worker *worker)
{
    struct message message = call_to((cap_addr_t)worker->arg[0], 1, worker->arg[2]);

    message.words[0] = worker->arg[1];
    message.info = MSG_INFO(1, 1, 0);
    worker->out[0] = message_do(&message);
    worker->out[1] = clock_now();
}

/* Passive, and waiting. */
static struct worker *server_of(cap_addr_t endpoint)
{
    struct worker *server = worker_make(serve, 3);

    server->arg[0] = endpoint;
    worker_time(server, 200, MS(1000), MS(1000));
    worker_resume(server);
    settle();
    REQUIRE_OK(sched_context_unbind(server->context));
    return server;
}

static struct worker *caller_of(cap_addr_t endpoint, uint32_t priority, ns_t work, ns_t deadline)
{
    struct worker *caller = worker_make(call_once, 8);

    caller->arg[0] = endpoint;
    caller->arg[1] = rounds_of(work);
    caller->arg[2] = deadline;
    worker_time(caller, priority, MS(1000), MS(1000));
    return caller;
}

TEST(a_call_on_a_members_time_stalls_with_the_group)
{
    cap_addr_t group = group_of(US(200), MS(2));
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 5);
    struct worker *server = server_of(endpoint);
    struct worker *caller = caller_of(endpoint, 30, US(500), DEADLINE_NEVER);
    ns_t start = clock_now();

    REQUIRE_OK(sched_context_add(group, caller->context));
    worker_resume(caller);
    sleep_ns(US(1500));
    CHECK_EQ(server->out[0], 0, "the group's budget is gone, the work is not done");
    CHECK_BETWEEN(used_of(group), US(200), US(200) + SLACK_NS, "all of the budget");
    sleep_ns(MS(5));
    REQUIRE(caller->is_done, "with the third budget it is");
    CHECK_BETWEEN(caller->out[1] - start, MS(4), MS(4) + US(300), "after two periods");
    CHECK_EQ(used_of(group), used_of(caller->context), "the account is exact");
}

TEST(a_server_that_stalls_with_a_group_goes_on_with_the_time_of_the_next)
{
    cap_addr_t group = group_of(US(200), MS(500));
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 5);
    struct worker *server = server_of(endpoint);
    struct worker *poor = caller_of(endpoint, 30, US(500), DEADLINE_NEVER);
    struct worker *rich = caller_of(endpoint, 20, US(10), DEADLINE_NEVER);

    REQUIRE_OK(sched_context_add(group, poor->context));
    worker_resume(poor);
    sleep_ns(MS(1));
    CHECK_EQ(server->out[0], 0, "stalled");
    ns_t start = clock_now();

    worker_resume(rich);
    REQUIRE(worker_join(rich), "the next caller is not held up for long");
    CHECK_BETWEEN(rich->out[1] - start, US(250), US(450), "after what was left of the first call");
    CHECK(!poor->is_done, "the first has its answer, and no time to look at it");
    CHECK_OK(sched_context_remove(group, poor->context));
    sleep_ns(US(100));
    CHECK(poor->is_done, "outside of the group it sees it");
    CHECK_EQ(poor->out[0], ERR_OK, "the answer to its call");
}

TEST(a_deadline_that_passes_while_the_group_is_empty_is_heard_of_afterwards)
{
    cap_addr_t group = group_of(US(200), MS(3));
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 5);
    struct worker *server = server_of(endpoint);
    ns_t start = clock_now();
    struct worker *caller = caller_of(endpoint, 30, MS(1), start + MS(1));

    REQUIRE_OK(sched_context_add(group, caller->context));
    worker_resume(caller);
    sleep_ns(MS(2));
    CHECK(!caller->is_done, "the group is empty");
    CHECK_EQ(state_of(caller->thread), THREAD_STATE_READY, "but its call is over");
    REQUIRE(worker_join(caller), "it ends");
    CHECK_EQ(caller->out[0], ERR_TIMED_OUT, "with what happened");
    CHECK_BETWEEN(caller->out[1] - start, MS(3), MS(3) + US(200), "in the next period");
    CHECK_EQ(server->out[0], 0, "the server had nobody's time for the rest");
}
