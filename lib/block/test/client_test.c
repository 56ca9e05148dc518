/* SPDX-License-Identifier: MIT */
/* The client against a server over plain memory, which dies, is late, repeats itself and lies. */
#include "block/client.h"

#include <string.h>

#include "block_fake/fake.h"
#include "host_test/test.h"

enum { QUEUE = 64 };

static struct block_client client;
static struct session peer; /* the server's side */

/* What the server has taken. */
static struct block_request taken[QUEUE];
static uint32_t taken_count;

static void server_restart(void)
{
    fake_epoch_begin(0);
    CHECK_EQ(session_open(&peer, 0), ERR_OK, "a successor");
    taken_count = 0;
}

static void open_both(void)
{
    fake_links_start();
    CHECK_EQ(session_open(&peer, 0), ERR_OK, "it opens");
    CHECK_EQ(block_client_open(&client, FAKE_CLIENT), ERR_OK, "it opens");
    taken_count = 0;
}

static void server_answer(const struct block_request *request, uint32_t error, uint32_t bytes)
{
    struct block_completion completion = { .tag = request->tag, .error = error, .bytes = bytes };

    (void)!session_send(&peer, &completion);
    session_flush(&peer);
}

/* Takes what is there; answers BEGIN. */
static void server_take(void)
{
    struct block_request request;

    while (taken_count < QUEUE && session_receive(&peer, &request) == ERR_OK) {
        if (request.operation == BLOCK_BEGIN) {
            server_answer(&request, ERR_OK, 0);
        } else {
            taken[taken_count++] = request;
        }
    }
    (void)session_rest(&peer);
}

static void submit(uint64_t cookie, uint32_t operation, ns_t deadline)
{
    struct block_work work = { .operation = operation,
                               .bytes = operation == BLOCK_FLUSH ? 0 : 512,
                               .sector = cookie,
                               .offset = 512 * (cookie % 64),
                               .deadline_ns = deadline,
                               .cookie = cookie };

    CHECK_EQ(block_client_submit(&client, &work), ERR_OK, "there is room");
}

/* Lets both sides run until the server has taken what the client can send. */
static void exchange(void)
{
    struct block_result result;

    for (uint32_t i = 0; i < 3; i++) {
        CHECK_EQ(block_client_reap(&client, &result), ERR_WOULD_BLOCK, "nothing yet");
        (void)block_client_rest(&client);
        server_take();
    }
}

static void start(void)
{
    open_both();
    exchange();
    CHECK(client.is_ours, "begun");
}

static err_t reap(uint64_t *cookie)
{
    struct block_result result = { 0 };
    err_t err = block_client_reap(&client, &result);

    *cookie = result.cookie;
    return err ? err : result.err;
}

TEST(nothing_is_submitted_before_the_data_area_is_ours)
{
    struct block_work work = { .operation = BLOCK_READ, .bytes = 512 };
    struct block_request request = { 0 };
    struct block_result result;

    open_both();
    CHECK_EQ(block_client_submit(&client, &work), ERR_BUSY, "a predecessor's data may come");
    CHECK_EQ(block_client_reap(&client, &result), ERR_WOULD_BLOCK, "nothing yet");
    CHECK(block_client_rest(&client), "waits");
    CHECK_EQ(session_receive(&peer, &request), ERR_OK, "the first");
    CHECK_EQ(request.operation, BLOCK_BEGIN, "is begin");
    (void)session_rest(&peer);
    CHECK_EQ(block_client_submit(&client, &work), ERR_BUSY, "still");
    server_answer(&request, ERR_OK, 0);
    CHECK_EQ(block_client_reap(&client, &result), ERR_WOULD_BLOCK, "nothing yet");
    CHECK(client.is_ours, "now");
    CHECK_EQ(block_client_submit(&client, &work), ERR_OK, "now");
}

TEST(nothing_is_sent_in_a_new_epoch_before_begin_completes)
{
    struct block_request request = { 0 };
    struct block_result result;

    start();
    server_restart();
    submit(1, BLOCK_READ, DEADLINE_NEVER);
    CHECK_EQ(block_client_reap(&client, &result), ERR_WOULD_BLOCK, "nothing yet");
    CHECK(block_client_rest(&client), "waits");
    CHECK_EQ(session_receive(&peer, &request), ERR_OK, "the first");
    CHECK_EQ(request.operation, BLOCK_BEGIN, "is begin");
    (void)session_rest(&peer);
    CHECK_EQ(block_client_reap(&client, &result), ERR_WOULD_BLOCK, "nothing yet");
    CHECK_EQ(session_receive(&peer, &request), ERR_WOULD_BLOCK, "and nothing else");
    server_answer(&request, ERR_OK, 0);
    CHECK_EQ(block_client_reap(&client, &result), ERR_WOULD_BLOCK, "nothing yet");
    CHECK_EQ(session_receive(&peer, &request), ERR_OK, "now");
    CHECK_EQ(request.operation, BLOCK_READ, "the request");
}

TEST(results_come_in_any_order_with_their_cookies)
{
    uint64_t cookie;

    start();
    for (uint64_t i = 0; i < 16; i++) {
        submit(i, BLOCK_READ, DEADLINE_NEVER);
    }
    exchange();
    CHECK_EQ(taken_count, 16, "all were sent");
    for (uint32_t i = 16; i-- > 0;) {
        CHECK_EQ(taken[i].sector, i, "in order");
        server_answer(&taken[i], ERR_OK, 512);
    }
    for (uint64_t i = 16; i-- > 0;) {
        CHECK_EQ(reap(&cookie), ERR_OK, "done");
        CHECK_EQ(cookie, i, "as completed");
    }
    CHECK_EQ(client.count, 0, "no record is left");
}

TEST(errors_of_the_server_are_passed_on_and_lies_are_io_errors)
{
    static const struct {
        uint32_t error, bytes;
        err_t want;
    } cases[] = {
        { ERR_OK, 512, ERR_OK },           { ERR_OK, 0, ERR_IO },
        { ERR_OK, 1024, ERR_IO },          { ERR_RANGE, 0, ERR_RANGE },
        { ERR_NO_RIGHT, 0, ERR_NO_RIGHT }, { ERR_IO, 0, ERR_IO },
        { ERR_BAD_CALL, 0, ERR_BAD_CALL }, { 12345, 0, ERR_IO },
    };
    uint64_t cookie;

    start();
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        taken_count = 0;
        submit(i, BLOCK_READ, DEADLINE_NEVER);
        exchange();
        server_answer(&taken[0], cases[i].error, cases[i].bytes);
        CHECK_EQ(reap(&cookie), cases[i].want, "as said");
    }
    CHECK_EQ(client.refused, 2, "two lengths made no sense");
}

TEST(completions_that_make_no_sense_are_refused)
{
    struct block_request request = { 0 };
    uint64_t cookie;

    start();
    submit(1, BLOCK_READ, DEADLINE_NEVER);
    exchange();
    request.tag = taken[0].tag + 1;
    server_answer(&request, ERR_OK, 512); /* a record that is free */
    request.tag = taken[0].tag + (1ull << 32);
    server_answer(&request, ERR_OK, 512); /* another serial */
    request.tag = taken[0].tag | 0xffffff;
    server_answer(&request, ERR_OK, 512); /* no record */
    server_answer(&taken[0], ERR_OK, 512);
    server_answer(&taken[0], ERR_OK, 512); /* twice */
    CHECK_EQ(reap(&cookie), ERR_OK, "done");
    CHECK_EQ(reap(&cookie), ERR_WOULD_BLOCK, "once");
    CHECK_EQ(client.refused, 4, "counted");
    CHECK_EQ(client.count, 0, "no record is left");
}

TEST(what_was_in_flight_is_submitted_again_in_order)
{
    uint64_t cookie;

    start();
    for (uint64_t i = 0; i < 8; i++) {
        submit(i, i == 7 ? BLOCK_FLUSH : BLOCK_WRITE, DEADLINE_NEVER);
    }
    exchange();
    server_answer(&taken[0], ERR_OK, 512);
    server_answer(&taken[3], ERR_OK, 512);
    CHECK_EQ(reap(&cookie), ERR_OK, "done before the death");
    CHECK_EQ(reap(&cookie), ERR_OK, "done before the death");
    server_restart();
    submit(8, BLOCK_READ, DEADLINE_NEVER);
    exchange();
    static const uint64_t want[] = { 1, 2, 4, 5, 6, 7, 8 };

    CHECK_EQ(taken_count, 7, "all but those that were done");
    for (uint32_t i = 0; i < taken_count && i < 7; i++) {
        CHECK_EQ(taken[i].sector, want[i], "in the order of the first submission");
        server_answer(&taken[i], ERR_OK, taken[i].bytes);
        CHECK_EQ(reap(&cookie), ERR_OK, "done");
    }
    CHECK_EQ(client.resubmitted, 6, "counted");
    CHECK_EQ(client.epochs, 1, "counted");
}

TEST(a_completion_of_an_earlier_epoch_is_not_believed)
{
    struct block_request old;
    uint64_t cookie;

    start();
    submit(1, BLOCK_READ, DEADLINE_NEVER);
    exchange();
    old = taken[0];
    server_restart();
    exchange();
    server_answer(&old, ERR_OK, 512);
    CHECK_EQ(reap(&cookie), ERR_WOULD_BLOCK, "not done");
    server_answer(&taken[0], ERR_OK, 512);
    CHECK_EQ(reap(&cookie), ERR_OK, "done");
}

TEST(a_deadline_passes_once_and_keeps_the_record_until_it_is_safe)
{
    uint64_t cookie;

    start();
    fake_time_set(1000);
    submit(1, BLOCK_READ, 2000);
    submit(2, BLOCK_READ, 3000);
    exchange();
    CHECK_EQ(block_client_deadline(&client), 2000, "the earliest");
    fake_time_set(2000);
    CHECK_EQ(reap(&cookie), ERR_TIMED_OUT, "passed");
    CHECK_EQ(cookie, 1, "the first");
    CHECK_EQ(reap(&cookie), ERR_WOULD_BLOCK, "once");
    CHECK_EQ(client.abandoned, 1, "the server may still write there");
    CHECK_EQ(block_client_deadline(&client), 3000, "the next");
    server_answer(&taken[0], ERR_OK, 512);
    CHECK_EQ(reap(&cookie), ERR_WOULD_BLOCK, "nobody waits for it");
    CHECK_EQ(client.abandoned, 0, "now it is safe");
    fake_time_set(3000);
    CHECK_EQ(reap(&cookie), ERR_TIMED_OUT, "passed");
    server_restart();
    exchange();
    CHECK_EQ(client.count, 0, "a new epoch makes it safe, too");
    CHECK_EQ(taken_count, 0, "it is not submitted again");
    CHECK_EQ(client.refused, 0, "nobody lied");
}

TEST(submit_refuses_what_does_not_fit)
{
    struct block_work work = { .operation = BLOCK_READ, .bytes = 512, .deadline_ns = 0 };

    start();
    work.offset = FAKE_DATA_BYTES - 511;
    CHECK_EQ(block_client_submit(&client, &work), ERR_RANGE, "out of the area");
    work.offset = UINT64_MAX;
    CHECK_EQ(block_client_submit(&client, &work), ERR_RANGE, "out of the area");
    for (uint64_t i = 0; i < BLOCK_RECORDS; i++) {
        submit(i, BLOCK_READ, DEADLINE_NEVER);
    }
    work.offset = 0;
    CHECK_EQ(block_client_submit(&client, &work), ERR_WOULD_BLOCK, "full");
}

TEST(a_server_that_lies_is_waited_for)
{
    struct ring_shared *replies = (void *)(fake_links[0].memory + SESSION_REPLIES);
    uint64_t cookie;

    start();
    submit(1, BLOCK_READ, DEADLINE_NEVER);
    exchange();
    atomic_store(&replies->tail, 1ull << 32 | 5000);
    CHECK_EQ(reap(&cookie), ERR_WOULD_BLOCK, "nothing is believed");
    CHECK(client.refused > 0, "counted");
    CHECK(block_client_rest(&client), "waits for the warden");
    server_restart();
    exchange();
    server_answer(&taken[0], ERR_OK, 512);
    CHECK_EQ(reap(&cookie), ERR_OK, "done by its successor");
}

/* Every request is done exactly once as the caller sees it, whatever happens to servers. */
TEST(all_requests_come_back_once_over_many_deaths)
{
    uint32_t done[4096] = { 0 };
    uint64_t next = 0;
    uint32_t finished = 0;

    start();
    while (finished < 4096 && !test_has_failed()) {
        struct block_result result;

        if (next < 4096 && client.count < BLOCK_RECORDS && test_random(2)) {
            submit(next, test_random(3) + 1, DEADLINE_NEVER);
            next++;
        }
        if (block_client_reap(&client, &result) == ERR_OK) {
            CHECK_EQ(result.err, ERR_OK, "done");
            done[result.cookie]++;
            finished++;
        }
        (void)block_client_rest(&client);
        switch (test_random(40)) {
        case 0:
            server_restart();
            break;
        case 1:
        case 2:
        case 3:
            break;
        default:
            server_take();
            if (taken_count > 0) {
                uint32_t which = test_random(taken_count);

                server_answer(&taken[which], ERR_OK, taken[which].bytes);
                taken[which] = taken[--taken_count];
            }
        }
    }
    for (uint32_t i = 0; i < 4096; i++) {
        CHECK_EQ(done[i], 1, "once");
    }
    CHECK(client.resubmitted > 100, "deaths hit requests in flight");
    CHECK_EQ(client.refused, 0, "nobody lied");
}
