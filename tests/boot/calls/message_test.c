/* SPDX-License-Identifier: MIT */
/* What arrives of what was sent: words, badges, labels, capabilities. */
#include "boot_test/errors.h"
#include "boot_test/make.h"
#include "boot_test/pair.h"
#include "boot_test/special.h"
#include "boot_test/test.h"
#include "pith/kernel_calls.h"
#include "pith/syscall.h"

static struct message with_words(struct message message, uint32_t label, uint32_t words,
                                 uint64_t seed)
{
    message.info = MSG_INFO(label, words, 0);
    for (uint32_t i = 0; i < 8; i++) {
        message.words[i] = seed + i;
    }
    return message;
}

static void check_words(const struct worker *worker, uint64_t seed)
{
    for (uint32_t i = 0; i < 8; i++) {
        CHECK_EQ(worker->message.words[i], seed + i, "words stay in their registers");
    }
}

TEST(eight_words_travel_both_ways)
{
    struct pair pair = pair_make();
    cap_addr_t badged = mint_of(pair.endpoint, RIGHT_CALL, 0x1234567890abcdefull);

    worker_act(pair.server, receive_from(pair.endpoint));
    worker_act(pair.caller,
               with_words(call_to(badged, 0, DEADLINE_NEVER), 0x7abc, 8, 0xa000000000000000ull));
    REQUIRE_OK(worker_result(pair.server));
    check_words(pair.server, 0xa000000000000000ull);
    CHECK_EQ(pair.server->message.info, MSG_INFO(0x7abc, 8, 0), "label and count");
    CHECK_EQ(pair.server->message.time, 0x1234567890abcdefull, "the badge of the capability");
    CHECK_EQ(pair.server->message.bits, 0, "no bits");
    CHECK_EQ(state_of(pair.caller->thread), THREAD_STATE_CALLING, "the caller waits");
    CHECK_OK(worker_result_of(pair.server, with_words(reply_with(0, 0, 0), 0x55, 8, 0xb0)));
    REQUIRE_OK(worker_result(pair.caller));
    check_words(pair.caller, 0xb0);
    CHECK_EQ(pair.caller->message.info, MSG_INFO(0x55, 8, 0), "label and count of the reply");
}

TEST(reply_receive_answers_and_takes_the_next)
{
    struct pair pair = pair_make();
    struct worker *second = worker_actor(8, 90);

    worker_act(pair.server, reply_receive_on(pair.endpoint, 0, 0));
    CHECK(!pair.server->is_done, "without a call to answer it just receives");
    worker_act(pair.caller, with_words(call_to(pair.endpoint, 0, DEADLINE_NEVER), 1, 8, 10));
    worker_act(second, with_words(call_to(pair.endpoint, 0, DEADLINE_NEVER), 2, 8, 20));
    REQUIRE_OK(worker_result(pair.server));
    check_words(pair.server, 10);
    CHECK_OK(worker_result_of(pair.server,
                              with_words(reply_receive_on(pair.endpoint, 0, 0), 0x11, 8, 110)));
    check_words(pair.server, 20);
    REQUIRE_OK(worker_result(pair.caller));
    check_words(pair.caller, 110);
    worker_act(pair.server, with_words(reply_receive_on(pair.endpoint, 0, 0), 0x12, 8, 120));
    CHECK(!pair.server->is_done, "nobody else calls");
    REQUIRE_OK(worker_result(second));
    check_words(second, 120);
}

TEST(sixty_four_words_travel_through_buffers)
{
    struct pair pair = pair_make();

    worker_buffer(pair.caller);
    worker_buffer(pair.server);
    for (uint32_t words = 8; words <= 64; words += 14) {
        for (uint32_t i = 8; i < 64; i++) {
            pair.caller->buffer->words[i] = words * 1000 + i;
            pair.server->buffer->words[i] = 0xdead;
        }
        worker_act(pair.server, receive_from(pair.endpoint));
        worker_act(pair.caller,
                   with_words(call_to(pair.endpoint, 0, DEADLINE_NEVER), 3, words, 77));
        REQUIRE_OK(worker_result(pair.server));
        check_words(pair.server, 77);
        CHECK_EQ(MSG_WORDS(pair.server->message.info), words, "count");
        for (uint32_t i = 8; i < 64; i++) {
            CHECK_EQ(pair.server->buffer->words[i], i < words ? words * 1000 + i : 0xdead,
                     "the words sent and no others");
            pair.server->buffer->words[i] = words * 2000 + i;
        }
        CHECK_OK(worker_result_of(pair.server, with_words(reply_with(0, 0, 0), 4, words, 78)));
        REQUIRE_OK(worker_result(pair.caller));
        for (uint32_t i = 8; i < words; i++) {
            CHECK_EQ(pair.caller->buffer->words[i], words * 2000 + i, "and back");
        }
    }
}

static struct message sending(struct message message, uint32_t caps)
{
    message.info = MSG_INFO(MSG_LABEL(message.info), 0, caps);
    return message;
}

/* Empty slots for the receiver, in its buffer. */
static cap_addr_t offer_slots(struct worker *worker, uint32_t count)
{
    cap_addr_t first = slots_next(4);

    for (uint32_t i = 0; i < 4; i++) {
        worker->buffer->receive_slots[i] = i < count ? first + i : 0;
    }
    return first;
}

TEST(capabilities_travel_by_copy_and_by_move)
{
    struct pair pair = pair_make();
    cap_addr_t notification = make(OBJECT_NOTIFICATION, 0);
    cap_addr_t badged = mint_of(notification, RIGHT_SIGNAL, 0x40);
    cap_addr_t reply = make(OBJECT_REPLY, 0);
    cap_addr_t moved = copy_of(notification, RIGHT_WAIT);

    worker_buffer(pair.caller);
    worker_buffer(pair.server);
    cap_addr_t slots = offer_slots(pair.server, 4);

    pair.caller->buffer->send_caps[0] = badged;
    pair.caller->buffer->send_caps[1] = moved | MSG_CAP_MOVE;
    pair.caller->buffer->send_caps[2] = reply | MSG_CAP_MOVE;
    pair.caller->buffer->send_caps[3] = notification;
    worker_act(pair.server, receive_from(pair.endpoint));
    worker_act(pair.caller, sending(call_to(pair.endpoint, 9, DEADLINE_NEVER), 4));
    REQUIRE_OK(worker_result(pair.server));
    CHECK_EQ(MSG_CAPS(pair.server->message.info), 4, "four arrived");
    CHECK_EQ(identify(TABLE, slots).badge, 0x40, "in order: the badged copy");
    CHECK_EQ(identify(TABLE, slots).rights, RIGHT_SIGNAL, "with its rights");
    CHECK_EQ(identify(TABLE, slots).depth, identify(TABLE, badged).depth + 1, "derived");
    CHECK_EQ(identify(TABLE, slots + 1).rights, RIGHT_WAIT, "the moved one");
    CHECK_EQ(identify(TABLE, moved).type, OBJECT_NONE, "is gone from the sender");
    CHECK_EQ(identify(TABLE, slots + 2).type, OBJECT_REPLY, "what cannot be copied, moved");
    CHECK_EQ(identify(TABLE, slots + 3).type, OBJECT_NOTIFICATION, "the fourth");
    /* And back with the reply. */
    cap_addr_t back = offer_slots(pair.caller, 1);

    pair.server->buffer->send_caps[0] = slots;
    CHECK_OK(worker_result_of(pair.server, sending(reply_with(0, 1, 0), 1)));
    REQUIRE_OK(worker_result(pair.caller));
    CHECK_EQ(identify(TABLE, back).badge, 0x40, "a reply carries capabilities too");
    CHECK_OK(cap_table_revoke(TABLE, badged));
    CHECK_EQ(identify(TABLE, back).type, OBJECT_NONE, "all of it hangs below the sender's");
}

/* The caller sends one capability that is not acceptable. */
static err_t send_one(struct pair *pair, uint32_t cap)
{
    pair->caller->buffer->send_caps[0] = cap;
    worker_act(pair->caller, sending(call_to(pair->endpoint, 1, DEADLINE_NEVER), 1));
    return worker_result(pair->caller);
}

TEST(call_refuses_capabilities)
{
    struct pair pair = pair_make();
    cap_addr_t object = make(OBJECT_NOTIFICATION, 0);
    cap_addr_t frozen = make(OBJECT_NOTIFICATION, 0);
    cap_addr_t parent = make(OBJECT_NOTIFICATION, 0);
    cap_addr_t ungrantable = copy_of(pair.endpoint, RIGHT_CALL);

    (void)copy_of(parent, RIGHTS_ALL);
    worker_act(pair.server, receive_from(pair.endpoint));
    worker_act(pair.caller, sending(call_to(pair.endpoint, 1, DEADLINE_NEVER), 1));
    EXPECT(SYSCALL, CALL, NO_BUFFER, worker_result(pair.caller));
    worker_act(pair.caller, with_words(call_to(pair.endpoint, 1, DEADLINE_NEVER), 1, 9, 0));
    EXPECT(SYSCALL, CALL, NO_BUFFER, worker_result(pair.caller));
    worker_buffer(pair.caller);
    worker_act(pair.caller, with_words(call_to(pair.endpoint, 1, DEADLINE_NEVER), 1, 9, 0));
    EXPECT(SYSCALL, CALL, NO_BUFFER, worker_result(pair.caller));
    EXPECT(SYSCALL, CALL, NO_SLOT, send_one(&pair, object));
    worker_buffer(pair.server);
    EXPECT(SYSCALL, CALL, NO_SLOT, send_one(&pair, object));
    offer_slots(pair.server, 1);
    pair.caller->buffer->send_caps[1] = parent;
    pair.caller->buffer->send_caps[0] = object;
    worker_act(pair.caller, sending(call_to(pair.endpoint, 1, DEADLINE_NEVER), 2));
    EXPECT(SYSCALL, CALL, NO_SLOT, worker_result(pair.caller));
    pair.server->buffer->receive_slots[0] = parent;
    EXPECT(SYSCALL, CALL, NO_SLOT, send_one(&pair, object));
    pair.server->buffer->receive_slots[0] = 0x7fffffff;
    EXPECT(SYSCALL, CALL, NO_SLOT, send_one(&pair, object));
    cap_addr_t slots = offer_slots(pair.server, 4);

    EXPECT(SYSCALL, CALL, BAD_CAP, send_one(&pair, slot_next()));
    EXPECT(SYSCALL, CALL, BAD_CAP, send_one(&pair, 0));
    EXPECT(SYSCALL, CALL, BAD_CAP, send_one(&pair, 0x7ffffff));
    EXPECT(SYSCALL, CALL, WRONG_TYPE, send_one(&pair, test_untyped()));
    EXPECT(SYSCALL, CALL, BUSY, send_one(&pair, parent | MSG_CAP_MOVE));
    EXPECT(SYSCALL, CALL, TOO_DEEP, send_one(&pair, deepest_copy(object)));
    struct worker *revoker = freeze(frozen);

    EXPECT(SYSCALL, CALL, BUSY, send_one(&pair, frozen));
    EXPECT(SYSCALL, CALL, BUSY, send_one(&pair, frozen | MSG_CAP_MOVE));
    thaw(revoker);
    pair.caller->buffer->send_caps[0] = object;
    worker_act(pair.caller, sending(call_to(ungrantable, 1, DEADLINE_NEVER), 1));
    EXPECT(SYSCALL, CALL, NO_RIGHT, worker_result(pair.caller));
    worker_act(pair.caller, sending(call_to(pair.endpoint, 1, DEADLINE_NEVER), 5));
    EXPECT(SYSCALL, CALL, RANGE, worker_result(pair.caller));
    CHECK(!pair.server->is_done, "the server was never bothered");
    for (uint32_t i = 0; i < 4; i++) {
        CHECK_EQ(identify(TABLE, slots + i).type, OBJECT_NONE, "nothing moved");
    }
    worker_act(pair.caller, sending(call_to(pair.endpoint, 1, DEADLINE_NEVER), 1));
    CHECK_EQ(worker_result(pair.server), ERR_OK, "and it still works");
}

/* The same for a caller that was queued: refused only when the server comes to receive. */
TEST(queued_calls_that_cannot_be_delivered_are_refused_at_receive)
{
    struct pair pair = pair_make();
    struct worker *second = worker_actor(8, 80);

    worker_act(pair.caller, with_words(call_to(pair.endpoint, 1, DEADLINE_NEVER), 1, 9, 0));
    worker_act(second, call_to(pair.endpoint, 2, DEADLINE_NEVER));
    if (!pair.caller->is_done) {
        CHECK_OK(worker_result_of(pair.server, receive_from(pair.endpoint)));
    } else {
        CHECK_OK(worker_result_of(pair.server, receive_from(pair.endpoint)));
    }
    EXPECT(SYSCALL, CALL, NO_BUFFER, worker_result(pair.caller));
    CHECK_EQ(MSG_LABEL(pair.server->message.info), 2, "the next is served");
}

TEST(twenty_undeliverable_calls_do_not_keep_a_good_one_out)
{
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 5);
    struct worker *server = worker_actor(3, 100);
    struct worker *bad[12];
    struct worker *good = worker_actor(8, 10);

    for (uint32_t i = 0; i < 12; i++) {
        bad[i] = worker_actor(8, 50);
        worker_act(bad[i], with_words(call_to(endpoint, 1, DEADLINE_NEVER), 1, 9, 0));
    }
    worker_act(good, call_to(endpoint, 2, DEADLINE_NEVER));
    CHECK_OK(worker_result_of(server, receive_from(endpoint)));
    CHECK_EQ(MSG_LABEL(server->message.info), 2, "the good one");
    for (uint32_t i = 0; i < 12; i++) {
        CHECK_EQ(worker_result(bad[i]), ERR_NO_BUFFER, "each is told");
    }
}

/* A server holds a call and answers with what cannot be accepted: by REPLY or by REPLY_RECEIVE. */
struct answers {
    struct pair pair;
    uint32_t number;
};

static err_t answer(struct answers *answers, uint32_t words, uint32_t caps, uint32_t cap)
{
    bool receives = answers->number == SYSCALL_REPLY_RECEIVE;
    struct message message =
        receives ? reply_receive_on(answers->pair.endpoint, 0, 0) : reply_with(0, 0, 0);

    message.info = MSG_INFO(0, words, caps);
    if (answers->pair.server->buffer != NULL) {
        answers->pair.server->buffer->send_caps[0] = cap;
    }
    return worker_result_of(answers->pair.server, message);
}

#define EXPECT_ANSWER(answers, error, words, caps, cap)                                            \
    do {                                                                                           \
        if ((answers)->number == SYSCALL_REPLY) {                                                  \
            EXPECT(SYSCALL, REPLY, error, answer((answers), (words), (caps), (cap)));              \
        } else {                                                                                   \
            EXPECT(SYSCALL, REPLY_RECEIVE, error, answer((answers), (words), (caps), (cap)));      \
        }                                                                                          \
    } while (0)

static void refuse_answers(struct answers *answers)
{
    struct pair *pair = &answers->pair;
    cap_addr_t object = make(OBJECT_NOTIFICATION, 0);
    cap_addr_t frozen = make(OBJECT_NOTIFICATION, 0);

    EXPECT_ANSWER(answers, RANGE, 65, 0, 0);
    EXPECT_ANSWER(answers, RANGE, 0, 5, 0);
    EXPECT_ANSWER(answers, NO_BUFFER, 9, 0, 0);
    EXPECT_ANSWER(answers, NO_BUFFER, 0, 1, object);
    worker_buffer(pair->server);
    EXPECT_ANSWER(answers, NO_BUFFER, 9, 0, 0);
    EXPECT_ANSWER(answers, NO_SLOT, 0, 1, object);
    worker_buffer(pair->caller);
    EXPECT_ANSWER(answers, NO_SLOT, 0, 1, object);
    offer_slots(pair->caller, 4);
    EXPECT_ANSWER(answers, BAD_CAP, 0, 1, slot_next());
    EXPECT_ANSWER(answers, WRONG_TYPE, 0, 1, test_untyped());
    EXPECT_ANSWER(answers, TOO_DEEP, 0, 1, deepest_copy(object));
    struct worker *revoker = freeze(frozen);

    EXPECT_ANSWER(answers, BUSY, 0, 1, frozen);
    thaw(revoker);
    CHECK(!pair->caller->is_done, "the caller waits for a reply that can be delivered");
    CHECK_EQ(state_of(pair->caller->thread), THREAD_STATE_CALLING, "it does");
    CHECK_OK(worker_result_of(pair->server, reply_with(0, 6, 0)));
    CHECK_OK(worker_result(pair->caller));
    CHECK_EQ(MSG_LABEL(pair->caller->message.info), 6, "it comes");
}

TEST(reply_refuses)
{
    struct answers answers = { pair_connected(), SYSCALL_REPLY };

    refuse_answers(&answers);
}

TEST(reply_receive_refuses)
{
    struct answers answers = { pair_connected(), SYSCALL_REPLY_RECEIVE };

    refuse_answers(&answers);
}

TEST(reply_receive_refuses_with_others_queued)
{
    struct answers answers = { pair_connected(), SYSCALL_REPLY_RECEIVE };
    struct worker *other = worker_actor(8, 20);

    worker_act(other, call_to(answers.pair.endpoint, 1, DEADLINE_NEVER));
    refuse_answers(&answers);
    CHECK(!other->is_done, "the other one is still queued");
}
