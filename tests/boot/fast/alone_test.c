/* SPDX-License-Identifier: MIT */
/* What fast.S leaves to be used later, and what random situations hardly ever show: played once, with what must come of it. */
#include "boot_test/make.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "cast.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"

enum { CALLER_AT = 90, SERVER_BELOW = 80, ROUNDS_OF_3_MS = 1500000, ROUNDS_OF_16_MS = 8000000 };

static struct cast cast;

static struct step *step_of(enum who who, uint32_t number, cap_addr_t cap, ns_t deadline)
{
    struct actor_page *page = cast.actors[who].page;
    struct step *step = &page->steps[page->count++];

    *step = (struct step){ .ax = OP(number, cap), .si = deadline };
    return step;
}

static void begin(const struct cast_kind *kind)
{
    cast_make(&cast, kind);
    for (uint32_t who = 0; who < ACTORS; who++) {
        actor_reset(&cast, (enum who)who);
        cast.actors[who].page->count = 0;
    }
}

static void start(enum who who, uint32_t priority)
{
    actor_time(&cast.actors[who], priority);
    REQUIRE_OK(thread_resume(cast.actors[who].thread));
}

static uint64_t done_by(enum who who)
{
    return cast.actors[who].page->next;
}

static uint64_t result_of(enum who who, uint32_t step)
{
    return done_by(who) > step ? cast.actors[who].page->steps[step].ax : ~0ull;
}

/*
 * A caller whose deadline is behind the slice calls the third, which calls the server, which does not answer. The first call's
 * deadline is queued by nobody but the third's call.
 */
TEST(the_deadline_of_a_caller_holds_below_a_second_call)
{
    ns_t deadline;

    if (!time_is_exact()) {
        return;
    }
    begin(&(struct cast_kind){ .apart = true });
    deadline = clock_now() + MS(13);
    step_of(SERVER, SYSCALL_RECEIVE, cast.endpoint, DEADLINE_NEVER);
    step_of(SERVER, SYSCALL_REPLY_RECEIVE, cast.endpoint, DEADLINE_NEVER)->spin = ROUNDS_OF_16_MS;
    step_of(THIRD, SYSCALL_RECEIVE, cast.middle, DEADLINE_NEVER);
    step_of(THIRD, SYSCALL_CALL, cast.badged, DEADLINE_NEVER);
    step_of(THIRD, SYSCALL_REPLY_RECEIVE, cast.middle, DEADLINE_NEVER);
    step_of(CALLER, SYSCALL_CALL, cast.middle_badged, deadline);
    start(SERVER, SERVER_BELOW);
    settle();
    start(THIRD, SERVER_BELOW);
    settle();
    start(CALLER, CALLER_AT);
    sleep_ns(MS(40));
    CHECK_EQ(result_of(THIRD, 1), ERR_TIMED_OUT, "the second call has the first one's deadline");
    CHECK_EQ(result_of(CALLER, 0), ERR_TIMED_OUT, "and the first has its own");
    CHECK_EQ(result_of(THIRD, 2), ERR_CALLER_GONE, "of which the third hears");
}

/* A server has less important time of its own. After a fast reply that is what it is woken with. */
TEST(a_server_waits_with_the_priority_of_its_own_time)
{
    if (!time_is_exact()) {
        return;
    }
    begin(&(struct cast_kind){ .apart = true });
    REQUIRE_OK(thread_bind_notification(cast.actors[SERVER].thread, cast.bell, 1));
    step_of(SERVER, SYSCALL_RECEIVE, cast.endpoint, DEADLINE_NEVER)->dx = 1;
    step_of(SERVER, SYSCALL_REPLY_RECEIVE, cast.endpoint, DEADLINE_NEVER)->dx = 1;
    step_of(CALLER, SYSCALL_CALL, cast.badged, DEADLINE_NEVER);
    step_of(CALLER, SYSCALL_ABI_VERSION, 0, 0)->spin = ROUNDS_OF_3_MS;
    start(SERVER, SERVER_BELOW);
    settle();
    start(CALLER, CALLER_AT);
    sleep_ns(MS(1));
    REQUIRE(done_by(CALLER) == 1 && done_by(SERVER) == 1, "the call is answered, the caller busy");
    REQUIRE_OK(notification_signal(cast.bell_ring));
    sleep_ns(MS(1));
    CHECK_EQ(done_by(CALLER), 1, "the caller is busy still");
    CHECK_EQ(done_by(SERVER), 1, "and more important than the server");
    settle();
    CHECK_EQ(done_by(SERVER), 2, "which runs when nobody else does");
    CHECK_EQ(cast.actors[SERVER].page->steps[1].dx, 1, "with its bit");
}

/* A server that is busy for 3 ms in a call is so on the caller's time. */
TEST(a_call_is_charged_to_the_caller)
{
    ns_t used[ACTORS];

    if (!time_is_exact()) {
        return;
    }
    begin(&(struct cast_kind){ .apart = true });
    step_of(SERVER, SYSCALL_RECEIVE, cast.endpoint, DEADLINE_NEVER);
    step_of(SERVER, SYSCALL_REPLY_RECEIVE, cast.endpoint, DEADLINE_NEVER)->spin = ROUNDS_OF_3_MS;
    step_of(CALLER, SYSCALL_CALL, cast.badged, DEADLINE_NEVER);
    start(SERVER, CALLER_AT);
    settle();
    start(CALLER, CALLER_AT);
    settle();
    for (uint32_t who = 0; who <= SERVER; who++) {
        used[who] = used_of(cast.actors[who].context);
    }
    CHECK_EQ(result_of(CALLER, 0), ERR_OK, "the call is answered");
    CHECK_BETWEEN(used[CALLER], US(2500), MS(6), "the caller's time");
    CHECK_BETWEEN(used[SERVER], 0, US(100), "not the server's");
}

/* It replies on an endpoint that is another's: nothing is done, and it holds the call still. */
TEST(a_reply_on_anothers_endpoint_is_busy)
{
    begin(&(struct cast_kind){ .apart = true });
    step_of(THIRD, SYSCALL_RECEIVE, cast.middle, DEADLINE_NEVER);
    step_of(SERVER, SYSCALL_RECEIVE, cast.endpoint, DEADLINE_NEVER);
    step_of(SERVER, SYSCALL_REPLY_RECEIVE, cast.middle, DEADLINE_NEVER);
    step_of(SERVER, SYSCALL_REPLY_RECEIVE, cast.endpoint, DEADLINE_NEVER);
    step_of(CALLER, SYSCALL_CALL, cast.badged, DEADLINE_NEVER);
    start(THIRD, SERVER_BELOW);
    settle();
    start(SERVER, SERVER_BELOW);
    settle();
    start(CALLER, CALLER_AT);
    settle();
    CHECK_EQ(result_of(SERVER, 1), ERR_BUSY, "the third serves there");
    CHECK_EQ(done_by(SERVER), 2, "it waits at its own then");
    CHECK_EQ(result_of(CALLER, 0), ERR_OK, "and has answered");
    CHECK_EQ(done_by(THIRD), 0, "the third waits as before");
}

/* A receive that begins with a reply ends in time, too. */
TEST(a_reply_receive_has_its_deadline)
{
    if (!time_is_exact()) {
        return;
    }
    begin(&(struct cast_kind){ .apart = true });
    step_of(SERVER, SYSCALL_RECEIVE, cast.endpoint, DEADLINE_NEVER);
    step_of(SERVER, SYSCALL_REPLY_RECEIVE, cast.endpoint, clock_now() + MS(5));
    step_of(CALLER, SYSCALL_CALL, cast.badged, DEADLINE_NEVER);
    start(SERVER, SERVER_BELOW);
    settle();
    start(CALLER, CALLER_AT);
    settle();
    CHECK_EQ(result_of(CALLER, 0), ERR_OK, "the call is answered");
    CHECK_EQ(done_by(SERVER), 1, "the server waits");
    sleep_ns(MS(10));
    CHECK_EQ(result_of(SERVER, 1), ERR_TIMED_OUT, "until its deadline");
}

/* Its registers as others may read them while it waits. */
static void holds_nothing_of_the_kernel(enum who who)
{
    uint64_t r[8];

    for (uint32_t from = 0; from < 16; from += 8) {
        REQUIRE_OK(thread_read_registers(cast.actors[who].thread, from, 8, &r[0], &r[1], &r[2],
                                         &r[3], &r[4], &r[5], &r[6], &r[7]));
        for (uint32_t i = 0; i < 8; i++) {
            CHECK(r[i] == DEADLINE_NEVER || r[i] >> 47 == 0, "no address of the kernel");
        }
    }
}

/* Long messages are copied with registers that hold addresses of the kernel's meanwhile. */
TEST(a_long_message_leaves_no_address_of_the_kernel)
{
    begin(&(struct cast_kind){ .apart = true });
    cast_buffer(&cast, CALLER, true);
    cast_buffer(&cast, SERVER, true);
    step_of(SERVER, SYSCALL_RECEIVE, cast.endpoint, DEADLINE_NEVER);
    step_of(SERVER, SYSCALL_REPLY_RECEIVE, cast.endpoint, DEADLINE_NEVER)->di =
        MSG_INFO(0, BUFFER_WORDS, 0);
    step_of(CALLER, SYSCALL_CALL, cast.badged, DEADLINE_NEVER)->di = MSG_INFO(1, BUFFER_WORDS, 0);
    start(SERVER, SERVER_BELOW);
    settle();
    start(CALLER, CALLER_AT);
    settle();
    CHECK_EQ(result_of(CALLER, 0), ERR_OK, "the call is answered");
    holds_nothing_of_the_kernel(SERVER);
}

TEST(nor_does_one_that_is_not_answered)
{
    begin(&(struct cast_kind){ .apart = true });
    cast_buffer(&cast, CALLER, true);
    cast_buffer(&cast, SERVER, true);
    step_of(SERVER, SYSCALL_RECEIVE, cast.endpoint, DEADLINE_NEVER);
    step_of(CALLER, SYSCALL_CALL, cast.badged, DEADLINE_NEVER)->di = MSG_INFO(1, BUFFER_WORDS, 0);
    start(SERVER, SERVER_BELOW);
    settle();
    start(CALLER, CALLER_AT);
    settle();
    CHECK_EQ(done_by(SERVER), 1, "the call is received");
    holds_nothing_of_the_kernel(CALLER);
}
