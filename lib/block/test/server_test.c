/* SPDX-License-Identifier: MIT */
/* The server's side, with clients that behave, die, sleep and lie. The device is whatever the test says. */
#include "block/server.h"

#include <string.h>

#include "block_fake/fake.h"
#include "host_test/test.h"

enum { CLIENTS = 3, QUOTA = 8 };

static struct block_server server;
static struct session clients[CLIENTS];
static const struct block_limits limits = { .sectors = 1000, .request_max = 32768 };

static void start(void)
{
    fake_links_start();
    block_server_init(&server, &limits, QUOTA);
    for (uint32_t i = 0; i < CLIENTS; i++) {
        CHECK_EQ(block_server_add(&server, i), ERR_OK, "there is room");
        CHECK_EQ(session_open(&clients[i], i + FAKE_CLIENT), ERR_OK, "it opens");
    }
}

static void ask(uint32_t client, uint64_t tag, uint32_t operation)
{
    struct block_request request = { .tag = tag,
                                     .operation = operation,
                                     .bytes = operation <= BLOCK_WRITE ? 512 : 0 };

    CHECK_EQ(session_send(&clients[client], &request), ERR_OK, "there is room");
    session_flush(&clients[client]);
}

static err_t hear(uint32_t client, struct block_completion *completion)
{
    err_t err;

    (void)block_server_rest(&server);
    err = session_receive(&clients[client], completion);
    (void)session_rest(&clients[client]);
    return err;
}

TEST(requests_are_checked_in_every_number)
{
    static const struct {
        const char *why;
        struct block_request request;
        err_t want;
    } cases[] = {
        { "a read", { 0, BLOCK_READ, 512, 0, 0, { 0 } }, ERR_OK },
        { "the last sector", { 0, BLOCK_READ, 512, 999, 0, { 0 } }, ERR_OK },
        { "past the last", { 0, BLOCK_READ, 512, 1000, 0, { 0 } }, ERR_RANGE },
        { "over the end", { 0, BLOCK_READ, 1024, 999, 0, { 0 } }, ERR_RANGE },
        { "sector overflows", { 0, BLOCK_READ, 512, UINT64_MAX, 0, { 0 } }, ERR_RANGE },
        { "nothing", { 0, BLOCK_READ, 0, 0, 0, { 0 } }, ERR_RANGE },
        { "odd bytes", { 0, BLOCK_READ, 513, 0, 0, { 0 } }, ERR_RANGE },
        { "too much", { 0, BLOCK_READ, 33280, 0, 0, { 0 } }, ERR_RANGE },
        { "bytes overflow", { 0, BLOCK_READ, 0xfffffe00, 0, 0, { 0 } }, ERR_RANGE },
        { "the end of the area", { 0, BLOCK_READ, 512, 0, FAKE_DATA_BYTES - 512, { 0 } }, ERR_OK },
        { "out of the area", { 0, BLOCK_READ, 1024, 0, FAKE_DATA_BYTES - 512, { 0 } }, ERR_RANGE },
        { "behind the area", { 0, BLOCK_READ, 512, 0, FAKE_DATA_BYTES, { 0 } }, ERR_RANGE },
        { "offset overflows", { 0, BLOCK_READ, 512, 0, UINT64_MAX - 511, { 0 } }, ERR_RANGE },
        { "an odd offset", { 0, BLOCK_READ, 512, 0, 8, { 0 } }, ERR_RANGE },
        { "a write", { 0, BLOCK_WRITE, 32768, 0, 0, { 0 } }, ERR_OK },
        { "a flush", { 0, BLOCK_FLUSH, 0, 0, 0, { 0 } }, ERR_OK },
        { "a flush with data", { 0, BLOCK_FLUSH, 512, 0, 0, { 0 } }, ERR_RANGE },
        { "begin", { 0, BLOCK_BEGIN, 0, 7, 7, { 0 } }, ERR_OK },
        { "no operation", { 0, 0, 512, 0, 0, { 0 } }, ERR_BAD_CALL },
        { "no operation", { 0, 5, 512, 0, 0, { 0 } }, ERR_BAD_CALL },
    };
    struct block_limits read_only = limits;

    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK_EQ(block_request_check(&limits, FAKE_DATA_BYTES, &cases[i].request), cases[i].want,
                 cases[i].why);
    }
    read_only.is_read_only = true;
    CHECK_EQ(block_request_check(&read_only, FAKE_DATA_BYTES, &cases[14].request), ERR_NO_RIGHT,
             "a write to what is read-only");
    read_only.sectors = 0;
    CHECK_EQ(block_request_check(&read_only, FAKE_DATA_BYTES, &cases[0].request), ERR_RANGE,
             "a disk without sectors");
    CHECK_EQ(block_request_check(&limits, 256, &cases[0].request), ERR_RANGE, "a tiny area");
}

TEST(jobs_are_handed_out_in_turn_up_to_the_quota)
{
    struct block_job job;
    uint32_t count[CLIENTS] = { 0 };

    start();
    for (uint32_t i = 0; i < 40; i++) {
        ask(0, i, BLOCK_READ);
    }
    for (uint32_t i = 0; i < 2; i++) {
        ask(1, i, BLOCK_WRITE);
        ask(2, i, BLOCK_FLUSH);
    }
    for (uint32_t i = 0; i < 6; i++) {
        CHECK(block_server_next(&server, &job), "there is one");
        count[job.peer]++;
    }
    CHECK_EQ(count[0], 2, "in turn");
    CHECK_EQ(count[1], 2, "in turn");
    CHECK_EQ(count[2], 2, "in turn");
    while (block_server_next(&server, &job)) {
        count[job.peer]++;
    }
    CHECK_EQ(count[0], QUOTA, "no more than its quota");
    CHECK(block_server_rest(&server), "the rest waits for the device");
    block_server_done(&server, &job, ERR_OK);
    CHECK(block_server_next(&server, &job), "one more for one done");
    CHECK(!block_server_next(&server, &job), "and no more");
}

TEST(completions_carry_tag_bytes_and_error)
{
    struct block_completion completion = { 0 };
    struct block_job job;

    start();
    ask(1, 0x1234567800000009, BLOCK_READ);
    CHECK(block_server_next(&server, &job), "there is one");
    block_server_done(&server, &job, ERR_OK);
    CHECK_EQ(hear(1, &completion), ERR_OK, "answered");
    CHECK_EQ(completion.tag, 0x1234567800000009, "its tag");
    CHECK_EQ(completion.bytes, 512, "all of it");
    CHECK_EQ(completion.error, ERR_OK, "done");
    ask(1, 2, BLOCK_READ);
    CHECK(block_server_next(&server, &job), "there is one");
    block_server_done(&server, &job, ERR_IO);
    CHECK_EQ(hear(1, &completion), ERR_OK, "answered");
    CHECK_EQ(completion.error, ERR_IO, "failed");
    CHECK_EQ(completion.bytes, 0, "nothing");
    ask(1, 3, 99);
    CHECK(!block_server_next(&server, &job), "not for the device");
    CHECK_EQ(hear(1, &completion), ERR_OK, "answered");
    CHECK_EQ(completion.error, ERR_BAD_CALL, "refused");
    ask(1, 4, BLOCK_BEGIN);
    CHECK(!block_server_next(&server, &job), "not for the device");
    CHECK_EQ(hear(1, &completion), ERR_OK, "answered");
    CHECK_EQ(completion.error, ERR_OK, "at once");
    CHECK_EQ(server.served, 1, "counted");
    CHECK_EQ(server.failed, 1, "counted");
    CHECK_EQ(server.refused, 1, "counted");
}

TEST(a_client_that_died_is_drained_before_its_successor_is_served)
{
    struct block_completion completion = { 0 };
    struct block_job old[2];
    struct block_job job;

    start();
    ask(0, 1, BLOCK_READ);
    ask(0, 2, BLOCK_READ);
    ask(0, 3, BLOCK_READ);
    CHECK(block_server_next(&server, &old[0]), "there is one");
    CHECK(block_server_next(&server, &old[1]), "there is one");
    fake_epoch_begin(0);
    CHECK_EQ(session_open(&clients[0], FAKE_CLIENT), ERR_OK, "a successor");
    ask(0, 10, BLOCK_BEGIN);
    CHECK(!block_server_next(&server, &job), "nothing of the old one, nothing of the new one");
    CHECK_EQ(hear(0, &completion), ERR_WOULD_BLOCK, "not begun");
    block_server_done(&server, &old[1], ERR_OK);
    CHECK(!block_server_next(&server, &job), "one is still in the device");
    CHECK_EQ(hear(0, &completion), ERR_WOULD_BLOCK, "not begun");
    CHECK(block_server_rest(&server), "the device will wake us");
    ask(1, 1, BLOCK_READ);
    CHECK(block_server_next(&server, &job), "others go on");
    block_server_done(&server, &job, ERR_OK);
    block_server_done(&server, &old[0], ERR_IO);
    CHECK(!block_server_rest(&server), "now there is something to look at");
    CHECK(!block_server_next(&server, &job), "answered");
    CHECK_EQ(hear(0, &completion), ERR_OK, "begun");
    CHECK_EQ(completion.tag, 10, "and nothing else");
    CHECK_EQ(server.lost, 2, "counted");
    ask(0, 11, BLOCK_WRITE);
    CHECK(block_server_next(&server, &job), "served");
    CHECK_EQ(job.tag, 11, "in the new epoch");
}

TEST(an_epoch_that_begins_before_a_completion_takes_it_along)
{
    struct block_completion completion = { 0 };
    struct block_job job;

    start();
    ask(0, 1, BLOCK_READ);
    CHECK(block_server_next(&server, &job), "there is one");
    fake_epoch_begin(0);
    block_server_done(&server, &job, ERR_OK);
    CHECK_EQ(server.peers[0].in_flight + server.peers[0].draining, 0, "nothing is in the device");
    CHECK_EQ(session_open(&clients[0], FAKE_CLIENT), ERR_OK, "a successor");
    ask(0, 2, BLOCK_BEGIN);
    CHECK(!block_server_next(&server, &job), "answered");
    CHECK_EQ(hear(0, &completion), ERR_OK, "begun");
    CHECK_EQ(completion.tag, 2, "and nothing else");
}

TEST(a_client_that_takes_no_completions_stops_only_itself)
{
    struct block_completion completion = { 0 };
    struct block_job job;
    uint32_t done = 0;

    start();
    for (uint32_t i = 0; i < 4 * SESSION_SLOTS; i++) {
        struct block_request request = { .tag = i, .operation = BLOCK_READ, .bytes = 512 };

        (void)!session_send(&clients[0], &request);
        session_flush(&clients[0]);
        (void)block_server_rest(&server);
        while (block_server_next(&server, &job)) {
            block_server_done(&server, &job, ERR_OK);
            done++;
        }
    }
    CHECK_EQ(done, SESSION_SLOTS, "as many as there is room for");
    CHECK(block_server_rest(&server), "sleeps until there is room");
    ask(1, 1, BLOCK_READ);
    CHECK(block_server_next(&server, &job), "others go on");
    block_server_done(&server, &job, ERR_OK);

    /* It dies in that state: its successor is served. */
    fake_epoch_begin(0);
    CHECK_EQ(session_open(&clients[0], FAKE_CLIENT), ERR_OK, "a successor");
    ask(0, 2, BLOCK_BEGIN);
    CHECK(!block_server_rest(&server), "there is something to look at");
    CHECK(!block_server_next(&server, &job), "answered");
    CHECK_EQ(hear(0, &completion), ERR_OK, "begun");
}

TEST(a_client_that_lies_is_left_alone_until_it_signals)
{
    struct ring_shared *requests = (void *)fake_links[0].memory;
    struct block_completion completion = { 0 };
    struct block_job job;

    start();
    atomic_store(&requests->tail, 1ull << 32 | 1000);
    CHECK(!block_server_next(&server, &job), "nothing to take");
    CHECK_EQ(server.refused, 1, "counted");
    CHECK(block_server_rest(&server), "no reason to stay awake");
    CHECK(!block_server_next(&server, &job), "nothing to take");
    CHECK_EQ(server.refused, 1, "not looked at again");
    block_server_heard(&server, 1);
    CHECK(!block_server_next(&server, &job), "nothing to take");
    CHECK_EQ(server.refused, 2, "looked at once more");
    fake_epoch_begin(0);
    CHECK_EQ(session_open(&clients[0], FAKE_CLIENT), ERR_OK, "a successor");
    ask(0, 2, BLOCK_BEGIN);
    block_server_heard(&server, 1);
    CHECK(!block_server_next(&server, &job), "answered");
    CHECK_EQ(hear(0, &completion), ERR_OK, "an honest one is served");
}

TEST(peers_are_known_by_their_badge)
{
    start();
    CHECK(block_server_peer(&server, 101) == &server.peers[1], "the second");
    CHECK(block_server_peer(&server, 99) == NULL, "nobody");
}

/* Any bytes in the rings' memory: it must not take more than its quota, nor hand out what is not allowed. */
TEST(a_client_that_writes_anything_gets_nothing_that_is_not_allowed)
{
    struct block_job jobs[QUOTA * CLIENTS];
    uint32_t count = 0;

    start();
    for (uint32_t step = 0; step < 50000; step++) {
        struct block_request request = { .tag = step,
                                         .operation = test_random(6),
                                         .bytes = 512 * test_random(70),
                                         .sector = test_random(1100),
                                         .offset = 512ull * test_random(140) };

        switch (test_random(5)) {
        case 0:
            (void)!session_send(&clients[0], &request);
            session_flush(&clients[0]);
            break;
        case 1:
            fake_links[0].memory[test_random(SESSION_DATA)] = (uint8_t)test_random(256);
            break;
        case 2:
            if (test_random(50) == 0) {
                fake_epoch_begin(0);
                (void)!session_open(&clients[0], FAKE_CLIENT);
            }
            block_server_heard(&server, UINT64_MAX);
            (void)block_server_rest(&server);
            break;
        case 3:
            if (count < QUOTA * CLIENTS && block_server_next(&server, &jobs[count])) {
                struct block_request taken = { 0,
                                               jobs[count].operation,
                                               jobs[count].bytes,
                                               jobs[count].sector,
                                               jobs[count].offset,
                                               { 0 } };

                CHECK_EQ(block_request_check(&limits, FAKE_DATA_BYTES, &taken), ERR_OK, "allowed");
                count++;
            }
            break;
        default:
            if (count > 0) {
                block_server_done(&server, &jobs[--count], test_random(2) ? ERR_OK : ERR_IO);
            }
        }
        CHECK(server.peers[0].in_flight + server.peers[0].draining == count, "the counts agree");
        CHECK(server.peers[0].in_flight <= QUOTA, "no more than its quota");
        if (test_has_failed()) {
            return;
        }
    }
}
