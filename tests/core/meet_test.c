/* SPDX-License-Identifier: MIT */
/*
 * Threads that meet: calls and replies through the system calls, with and without deadlines, and what becomes of
 * those who wait when something is cancelled, refused or destroyed.
 */
#include "arch_host/machine.h"
#include "cap/cap.h"
#include "core/core.h"
#include "object/ipc_objects.h"
#include "object/thread.h"
#include "object/timer.h"
#include "situation.h"

enum { E = 40, F, BELL, SPARE, S = 50, T = 52, MANY = 60, HIGH = 120 };

static void is_running(uint32_t slot, const char *why)
{
    CHECK(the_core()->current == thread_at(slot), why);
    situation_is_sound();
}

/* A server without time of its own, which waits at the endpoint. */
static void server_make(uint32_t slot, uint32_t rank, uint32_t endpoint)
{
    thread_make(slot, rank, HIGH);
    OK(object_make(OBJECT_ENDPOINT, rank, endpoint), "an endpoint");
    thread_begin(slot);
    (void)call_receive(endpoint, DEADLINE_NEVER);
    is_running(ROOT_SLOT_THREAD, "the server waits");
    OK(CALL(slot + 1, SCHED_CONTEXT_UNBIND, 0), "and has no time");
}

static void words_are(const char *why, uint32_t count)
{
    for (uint32_t i = 0; i < MSG_REGISTER_WORDS; i++) {
        CHECK_EQ(result_word(i), i < count ? i + 1 : 0, why);
    }
}

TEST(a_call_and_its_reply_go_from_register_to_register)
{
    situation_begin();
    server_make(S, 5, E);
    for (uint32_t words = 0; words <= MSG_REGISTER_WORDS; words++) {
        (void)call_send(E, words, DEADLINE_NEVER);
        is_running(S, "the call arrives");
        words_are("with its words", words);
        (void)call_reply_receive(E, MSG_REGISTER_WORDS - words);
        is_running(ROOT_SLOT_THREAD, "the reply arrives");
        words_are("with its words", MSG_REGISTER_WORDS - words);
        CHECK_EQ(thread_at(ROOT_SLOT_THREAD)->registers.op, ERR_OK, "all is well");
    }
    situation_end();
}

TEST(what_a_call_refuses)
{
    static const struct {
        const char *why;
        uint64_t info;
        err_t want;
    } cases[] = {
        { "too many words", MSG_INFO(1, 65, 0), ERR_RANGE },
        { "too many capabilities", MSG_INFO(1, 0, 5), ERR_RANGE },
        { "the kernel's label", MSG_INFO(MSG_LABEL_FAULT, 0, 0), ERR_RANGE },
        { "the kernel's other label", MSG_INFO(MSG_LABEL_NOTIFIED, 0, 0), ERR_RANGE },
    };

    situation_begin();
    server_make(S, 5, E);
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct request request = { .number = SYSCALL_CALL, .at = E, .info = cases[i].info };

        CHECK_EQ(request_run(&request), cases[i].want, cases[i].why);
    }
    is_running(ROOT_SLOT_THREAD, "nothing was sent");
    OK(slot_copy_with(E, F, RIGHT_RECEIVE), "a capability to receive with");
    CHECK_EQ(call_send(F, 0, DEADLINE_NEVER), ERR_NO_RIGHT, "is not for calling");
    OK(object_make(OBJECT_ENDPOINT, SITUATION_RANK, SPARE), "an endpoint of the caller's rank");
    CHECK_EQ(call_send(SPARE, 0, DEADLINE_NEVER), ERR_WOULD_DEADLOCK, "may not be called");
    situation_end();
}

/* The root calls S, which calls T; at the root's deadline both calls end. */
static void nested(ns_t root_ns, ns_t server_ns)
{
    situation_begin();
    server_make(S, 8, E);
    server_make(T, 4, F);
    OK(object_make(OBJECT_NOTIFICATION, 5, BELL), "something to wait for");
    ns_t start_ns = host_time();

    (void)call_send(E, 1, root_ns == DEADLINE_NEVER ? root_ns : start_ns + root_ns);
    is_running(S, "the first call arrives");
    (void)call_send(F, 2, server_ns == DEADLINE_NEVER ? server_ns : start_ns + server_ns);
    is_running(T, "the second call arrives");
    host_time_advance((root_ns < server_ns ? root_ns : server_ns) - 5000);
    (void)host_interrupts_deliver(the_core());
    is_running(T, "it is not yet time");
    host_time_advance(10000);
    (void)host_interrupts_deliver(the_core());
    situation_is_sound();
    if (root_ns <= server_ns) {
        is_running(ROOT_SLOT_THREAD, "the first caller goes on");
        CHECK_EQ(thread_at(ROOT_SLOT_THREAD)->registers.op, ERR_TIMED_OUT, "with an error");
        /* A server without time is told when nothing more important is to be done. */
        (void)call_wait(BELL, 1, 0);
        (void)host_interrupts_deliver(the_core());
        situation_is_sound();
    } else {
        is_running(S, "the first server goes on");
        (void)call_reply_receive(E, 0);
        is_running(ROOT_SLOT_THREAD, "and answers");
        CHECK_EQ(thread_at(ROOT_SLOT_THREAD)->registers.op, ERR_OK, "well");
        CHECK_EQ(thread_at(S)->state, THREAD_STATE_RECEIVING, "and waits for the next");
    }
    CHECK(thread_at(T)->serving == NULL && thread_at(T)->caller_is_gone, "the last server hears");
    CHECK(thread_at(S)->served_by == NULL, "the second call has ended");
    situation_end();
}

TEST(a_deadline_counts_for_all_that_is_called_on_the_way)
{
    nested(50000, DEADLINE_NEVER);
    nested(50000, 20000);
    nested(20000, 50000);
    nested(300000, DEADLINE_NEVER);
    nested(300000, 5000000);
    nested(5000000, 300000);
    nested(DEADLINE_NEVER, 50000);
    nested(DEADLINE_NEVER, 5000000);
}

TEST(a_chain_without_deadlines_goes_there_and_back)
{
    situation_begin();
    server_make(S, 8, E);
    server_make(T, 4, F);
    for (uint32_t i = 0; i < 3; i++) {
        (void)call_send(E, 1, i == 0 ? DEADLINE_NEVER : host_time() + 1000000 * i);
        (void)call_send(F, 2, DEADLINE_NEVER);
        is_running(T, "the last server");
        (void)call_reply_receive(F, 3);
        is_running(S, "the one before");
        words_are("with the answer", 3);
        (void)call_reply_receive(E, 4);
        is_running(ROOT_SLOT_THREAD, "the first caller");
        words_are("with the answer", 4);
    }
    situation_end();
}

/* A server that has its own time: more important than the caller or not, with budget or not. */
TEST(a_server_with_time_of_its_own_answers_all_the_same)
{
    static const uint32_t priorities[] = { 50, 100, 115 };

    for (uint32_t i = 0; i < 3; i++) {
        for (uint32_t is_sporadic = 0; is_sporadic < 2; is_sporadic++) {
            situation_begin();
            server_make(S, 5, E);
            OK(CALL(S + 1, SCHED_CONTEXT_CONFIGURE, ROOT_SLOT_MACHINE, priorities[i], 10000,
                    10000 + 1000000 * is_sporadic, 0),
               "time");
            OK(CALL(S + 1, SCHED_CONTEXT_BIND, S), "of its own");
            for (uint32_t round = 0; round < 4; round++) {
                (void)call_send(E, 2, DEADLINE_NEVER);
                is_running(S, "the call arrives");
                host_time_advance(12000);
                (void)host_interrupts_deliver(the_core());
                is_running(S, "the caller's time helps");
                (void)call_reply_receive(E, 1);
                is_running(ROOT_SLOT_THREAD, "the reply arrives");
                words_are("with its word", 1);
            }
            situation_end();
        }
    }
}

TEST(bits_of_the_bound_notification_come_before_the_next_call)
{
    situation_begin();
    OK(object_make(OBJECT_NOTIFICATION, 5, BELL), "a notification");
    OK(slot_mint(BELL, SPARE, 6), "to set bits 1 and 2");
    server_make(S, 5, E);
    OK(CALL(S, THREAD_BIND_NOTIFICATION, BELL, 2), "bit 1 ends the receive");
    (void)call_send(E, 2, DEADLINE_NEVER);
    is_running(S, "the call arrives");
    OK(call_signal(SPARE), "bits are set meanwhile");
    (void)call_reply_receive(E, 1);
    is_running(ROOT_SLOT_THREAD, "the reply goes out");
    CHECK_EQ(thread_at(S)->state, THREAD_STATE_READY, "the server goes on when it has time");
    CHECK_EQ(thread_at(S)->registers.bits, 2, "with the bit that it waits for");
    CHECK_EQ(MSG_LABEL(thread_at(S)->registers.info), MSG_LABEL_NOTIFIED, "and no call");
    situation_end();
}

/* Whoever may signal what a server is bound to would keep out all who call it. */
TEST(bits_and_queued_calls_take_turns)
{
    situation_begin();
    OK(object_make(OBJECT_NOTIFICATION, 5, BELL), "a notification");
    OK(slot_mint(BELL, SPARE, 2), "to set bit 1");
    thread_make(S, 5, HIGH);
    OK(object_make(OBJECT_ENDPOINT, 5, E), "an endpoint");
    thread_begin(S);
    (void)call_receive(E, DEADLINE_NEVER);
    OK(CALL(S, THREAD_BIND_NOTIFICATION, BELL, 2), "bit 1 ends the receive");
    thread_make(T, 9, HIGH + 1);
    (void)call_send(E, 2, DEADLINE_NEVER);
    is_running(S, "a call arrives");
    thread_begin(T);
    (void)call_send(E, 3, DEADLINE_NEVER);
    is_running(S, "another waits");
    OK(call_signal(SPARE), "and a bit");
    (void)call_reply_receive(E, 1);
    is_running(S, "the server goes on");
    CHECK_EQ(MSG_LABEL(thread_at(S)->registers.info), MSG_LABEL_NOTIFIED, "with the bit");
    OK(call_signal(SPARE), "which comes again");
    (void)call_receive(E, DEADLINE_NEVER);
    CHECK(thread_at(S)->serving == thread_at(T), "but now it is the call's turn");
    (void)call_reply_receive(E, 1);
    is_running(T, "that has its answer");
    CHECK_EQ(MSG_LABEL(thread_at(S)->registers.info), MSG_LABEL_NOTIFIED, "and then the bit's");
    situation_end();
}

/* The time that it is lent ends with the reply; the timer would stay. */
TEST(a_timer_is_no_more_important_than_its_maker_by_himself)
{
    const struct timer *timer;

    situation_begin();
    OK(object_make(OBJECT_NOTIFICATION, 5, BELL), "a notification");
    OK(object_make(OBJECT_TIMER, 0, SPARE), "a timer");
    server_make(S, 5, E);
    (void)call_send(E, 2, DEADLINE_NEVER);
    is_running(S, "on the caller's time");
    OK(CALL(SPARE, TIMER_SET, BELL, host_time() + 50000, 0, 15), "a timer is set");
    timer = cap_at(SPARE)->object;
    CHECK_EQ(timer->timed.band, 0, "for what the server is by himself");
    situation_end();
}

/* --- Faults ---------------------------------------------------------------------------------------- */

TEST(a_fault_is_a_call_and_its_reply_decides)
{
    situation_begin();
    server_make(S, 5, E);
    thread_make(T, 9, HIGH);
    OK(CALL(T, THREAD_SET_HANDLER, E), "its faults go to the server");
    for (uint32_t i = 0; i < 2; i++) {
        thread_begin(T);
        call_fault(FAULT_DIVIDE);
        is_running(S, "the server hears of the fault");
        CHECK_EQ(result_word(0), FAULT_DIVIDE, "which it was");
        struct request answer = { SYSCALL_REPLY_RECEIVE, E,     MSG_INFO(i, 0, 0),
                                  DEADLINE_NEVER,        ~0ull, { 0 } };

        (void)request_run(&answer);
        is_running(i == 0 ? T : ROOT_SLOT_THREAD, "label 0 lets it go on, another does not");
        if (i == 0) {
            call_fault(FAULT_DIVIDE);
            answer.info = MSG_INFO(7, 0, 0);
            (void)request_run(&answer);
            is_running(ROOT_SLOT_THREAD, "and now it stops");
        }
    }
    CHECK_EQ(thread_at(T)->state, THREAD_STATE_INACTIVE, "it does not run");
    situation_end();
}

/* --- Refusals, cancellation, destruction -------------------------------------------------------------- */

/* Callers in slots from MANY on, which are queued; each on two slots. */
static void callers_make(uint32_t count, uint32_t endpoint, msg_info_t info)
{
    for (uint32_t i = 0; i < count; i++) {
        thread_make(MANY + 2 * i, 10, HIGH);
        thread_begin(MANY + 2 * i);
        (void)request_run(
            &(struct request){ SYSCALL_CALL, endpoint, info, DEADLINE_NEVER, 0, { 0 } });
    }
    is_running(ROOT_SLOT_THREAD, "all of them wait");
}

TEST(messages_that_cannot_be_delivered_go_back_a_few_at_a_time)
{
    situation_begin();
    OK(object_make(OBJECT_ENDPOINT, 5, E), "an endpoint");
    callers_make(19, E, MSG_INFO(1, 0, 1));
    thread_make(S, 5, HIGH + 1);
    thread_begin(S);
    request_load(&(struct request){ SYSCALL_RECEIVE, E, 0, DEADLINE_NEVER, 0, { 0 } });
    for (uint32_t refused = 8; refused < 19; refused += 8) {
        host_syscall(the_core());
        is_running(S, "the server is not through");
        CHECK(host_is_restarting(thread_at(S)), "its receive starts again");
        for (uint32_t i = 0; i < 19; i++) {
            CHECK_EQ(thread_at(MANY + 2 * i)->state == THREAD_STATE_READY, i < refused,
                     "eight more have been refused");
        }
    }
    host_syscall(the_core());
    CHECK_EQ(thread_at(S)->state, THREAD_STATE_RECEIVING, "then it waits");
    for (uint32_t i = 0; i < 19; i++) {
        CHECK_EQ(thread_at(MANY + 2 * i)->registers.op, ERR_NO_BUFFER, "and each knows why");
    }
    situation_is_sound();
    situation_end();
}

TEST(at_most_sixty_four_calls_are_cancelled_at_once)
{
    situation_begin();
    OK(object_make(OBJECT_ENDPOINT, 5, E), "an endpoint");
    callers_make(66, E, 0);
    OK(METHOD(E, ENDPOINT_CANCEL, 0), "cancelled");
    is_running(MANY, "the first of them goes on");
    CHECK_EQ(thread_at(ROOT_SLOT_THREAD)->registers.words[0], 64, "so many");
    CHECK_EQ(thread_at(MANY)->registers.op, ERR_CANCELLED, "with an error");
    CHECK_EQ(thread_at(MANY + 2 * 63)->registers.op, ERR_CANCELLED, "the last as well");
    CHECK_EQ(thread_at(MANY + 2 * 64)->state, THREAD_STATE_CALLING, "the next still waits");
    situation_end();
}

TEST(a_call_in_a_reply_object_ends_with_the_object)
{
    situation_begin();
    server_make(S, 5, E);
    OK(object_make(OBJECT_REPLY, 0, F), "a reply object");
    CHECK_EQ(CALL(F, REPLY_DEFER, 0), ERR_NO_CALL, "there is none to keep");
    CHECK_EQ(CALL(F, REPLY_ADOPT, 0), ERR_NO_CALL, "nor to take");
    thread_make(T, 10, HIGH);
    thread_begin(T);
    (void)call_send(E, 0, DEADLINE_NEVER);
    is_running(S, "a call arrives");
    OK(CALL(F, REPLY_DEFER, 0), "and is kept");
    is_running(ROOT_SLOT_THREAD, "the server has no time now");
    OK(slot_delete(F), "the object is deleted");
    is_running(T, "the caller goes on");
    CHECK_EQ(thread_at(T)->registers.op, ERR_PEER_DIED, "and knows");
    situation_end();
}

TEST(what_is_being_revoked_is_not_sent_away)
{
    situation_begin();
    server_make(S, 5, E);
    struct msg_buffer *buffer = thread_at(ROOT_SLOT_THREAD)->buffer;

    OK(object_make(OBJECT_NOTIFICATION, 5, BELL), "a notification");
    OK(slot_copy(BELL, SPARE), "with a copy");
    host_preempt_at(1);
    request_load(METHOD_REQUEST(SYSCALL_CALL, ROOT_SLOT_TABLE, CAP_TABLE_REVOKE, BELL));
    host_syscall(the_core());
    host_preempt_at(0);
    CHECK(cap_at(BELL)->flags & CAP_FROZEN && cap_at(BELL)->first_child == NULL, "frozen, alone");
    buffer->send_caps[0] = BELL | MSG_CAP_MOVE;
    CHECK_EQ(request_run(
                 &(struct request){ SYSCALL_CALL, E, MSG_INFO(1, 0, 1), DEADLINE_NEVER, 0, { 0 } }),
             ERR_BUSY, "it is not moved");
    buffer->send_caps[0] = BELL;
    CHECK_EQ(request_run(
                 &(struct request){ SYSCALL_CALL, E, MSG_INFO(1, 0, 1), DEADLINE_NEVER, 0, { 0 } }),
             ERR_BUSY, "nor copied");
    is_running(ROOT_SLOT_THREAD, "nothing was sent");
    OK(slot_revoke(BELL), "the revocation ends");
    CHECK((cap_at(BELL)->flags & CAP_FROZEN) == 0, "and the mark goes");
    situation_end();
}

/* Who is woken and destroyed in one kernel entry does not run any more. */
TEST(a_thread_that_is_woken_and_destroyed_at_once_is_gone)
{
    situation_begin();
    OK(object_make(OBJECT_UNTYPED, 4 * PAGE, MANY), "memory");
    OK(object_make_from(MANY, OBJECT_THREAD, 10, T), "of a thread");
    OK(object_make(OBJECT_SCHED_CONTEXT, 0, T + 1), "with time");
    OK(CALL(T + 1, SCHED_CONTEXT_CONFIGURE, ROOT_SLOT_MACHINE, HIGH, 100000, 100000, 0), "enough");
    OK(CALL(T + 1, SCHED_CONTEXT_BIND, T), "bound");
    OK(CALL(T, THREAD_CONFIGURE, ROOT_SLOT_TABLE, ROOT_SLOT_VSPACE), "it may run");
    OK(object_make_from(MANY, OBJECT_ENDPOINT, 5, E), "and of the endpoint it calls");
    thread_begin(T);
    (void)call_send(E, 0, DEADLINE_NEVER);
    OK(slot_delete(MANY), "all of it goes");
    is_running(ROOT_SLOT_THREAD, "who deleted it goes on");
    CHECK_EQ(cap_at(T)->type, OBJECT_NONE, "the thread is gone");
    situation_end();
}

/* --- Locks ------------------------------------------------------------------------------------------ */

/* Two waiters lend to a holder; a third does not lend, and is woken first. rank: the third's. */
static void hand_over(uint32_t rank, bool lends_to_woken)
{
    situation_begin();
    OK(object_make(OBJECT_NOTIFICATION, 5, BELL), "a lock");
    OK(slot_mint(BELL, SPARE, 1), "to let go of it");
    thread_make(S, 3, 50);
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t slot = MANY + 2 * i;

        thread_make(slot, i == 2 ? rank : 10, i == 2 ? HIGH + 1 : HIGH);
        thread_begin(slot);
        (void)call_wait(BELL, 1, i == 2 ? 0 : S);
    }
    const struct notification *lock = cap_at(BELL)->object;

    CHECK(lock->lend.to == &thread_at(S)->lend, "both lend to the holder");
    (void)call_signal(SPARE);
    is_running(MANY + 4, "the most important is woken");
    CHECK(lock->lend.to == (lends_to_woken ? &thread_at(MANY + 4)->lend : NULL),
          "those who wait lend to the new holder if its rank allows");
    call_fault(FAULT_ILLEGAL);
    (void)call_signal(SPARE);
    is_running(MANY, "the next is woken");
    CHECK(lock->lend.to == NULL, "its rank does not allow it");
    CHECK_EQ(thread_at(MANY + 2)->state, THREAD_STATE_WAITING, "the last still waits");
    situation_end();
}

TEST(a_lock_that_is_handed_over_takes_its_lenders_along)
{
    hand_over(4, true);
    hand_over(10, false);
}
