/* SPDX-License-Identifier: MIT */
/* The client's queue against a server over plain memory, which is late, out of order, dies, and lies. */
#include "file/requests.h"

#include <string.h>

#include "../src/client.h"
#include "block_fake/fake.h"
#include "file/wire.h"
#include "host_test/test.h"

enum { STEPS = 60000, TAGS = 64, TAKEN_MAX = 64, FILES = 2, FILE_BYTES = 50000 };

static struct files files;
static struct files_queue queue;
static struct file opened[FILES];
static struct session peer; /* the server's side */
static struct file_request taken[TAKEN_MAX];
static uint32_t taken_count;
static err_t again; /* what opening again gives */
static uint32_t handles;

/* --- In place of the rest of lib/file --- */

uint32_t server_epoch(const struct files_server *server)
{
    (void)server;
    return atomic_load(&fake_links[0].epoch.epoch);
}

bool file_again(struct file *file, ns_t deadline, err_t *err)
{
    (void)deadline;
    if (again != ERR_OK) {
        *err = again;
        return false;
    }
    file->handle = ++handles;
    file->epoch = server_epoch(file->server);
    *err = ERR_OK;
    return true;
}

uint32_t offset_in_buffer(const struct file *file, const void *into, uint64_t bytes)
{
    uint64_t offset = (uint64_t)((const unsigned char *)into - server_data(file->server));

    return offset <= FAKE_DATA_BYTES && bytes <= FAKE_DATA_BYTES - offset ? (uint32_t)offset : 0;
}

/* --- */

static void start(void)
{
    fake_time_set(NS_PER_S);
    fake_links_start();
    memset(&files, 0, sizeof(files));
    files.patience_ns = NS_PER_S;
    files.server_count = 1;
    CHECK_EQ(session_open(&peer, 0), ERR_OK, "it opens");
    CHECK_EQ(session_open(&files.servers[0].session, FAKE_CLIENT), ERR_OK, "it opens");
    files_queue_open(&queue, &files);
    for (uint32_t i = 0; i < FILES; i++) {
        opened[i] = (struct file){ .files = &files,
                                   .server = &files.servers[0],
                                   .handle = ++handles,
                                   .epoch = 1,
                                   .bytes = FILE_BYTES };
    }
    taken_count = 0;
    again = ERR_OK;
}

static err_t submit(uint32_t file, uint64_t tag, uint32_t bytes)
{
    struct files_wish wish = { .file = &opened[file],
                               .position = tag * 100,
                               .into = server_data(&files.servers[0]) + FILES_VIEW_OFFSET + tag,
                               .bytes = bytes,
                               .tag = tag };

    return files_submit(&queue, &wish);
}

static void server_take(void)
{
    while (taken_count < TAKEN_MAX && session_receive(&peer, &taken[taken_count]) == ERR_OK) {
        taken_count++;
    }
    (void)session_rest(&peer);
}

static void server_answer(uint32_t number, err_t err, uint32_t done)
{
    struct file_completion completion = { .tag = taken[number].tag, .error = err, .done = done };

    (void)!session_send(&peer, &completion);
    session_flush(&peer);
    taken[number] = taken[--taken_count];
}

static void server_dies(void)
{
    fake_epoch_begin(0);
    CHECK_EQ(session_open(&peer, 0), ERR_OK, "a successor");
    taken_count = 0;
}

TEST(what_cannot_be_is_refused_at_once)
{
    struct files_completion completion;
    struct files_wish wish = { .file = &opened[0], .into = server_data(&files.servers[0]) };

    start();
    wish.into = server_data(&files.servers[0]) + FILES_VIEW_OFFSET;
    CHECK_EQ(files_submit(&queue, &wish), ERR_RANGE, "no bytes");
    wish.bytes = FILE_REQUEST_BYTES_MAX + 1;
    CHECK_EQ(files_submit(&queue, &wish), ERR_RANGE, "too many");
    wish.bytes = 10;
    wish.into = &wish;
    CHECK_EQ(files_submit(&queue, &wish), ERR_RANGE, "not in the buffer");
    for (uint32_t i = 0; i < FILES_REQUESTS_MAX; i++) {
        CHECK_EQ(submit(0, i, 10), ERR_OK, "there is room");
    }
    CHECK_EQ(submit(0, 60, 10), ERR_WOULD_BLOCK, "all are in use");
    CHECK_EQ(files_completed(&queue, &completion), ERR_WOULD_BLOCK, "none is done");
}

TEST(they_are_done_in_any_order)
{
    struct files_completion completion;

    start();
    for (uint32_t i = 0; i < 3; i++) {
        CHECK_EQ(submit(0, i, 10 + i), ERR_OK, "there is room");
    }
    CHECK(files_queue_rest(&queue), "nothing is there");
    server_take();
    CHECK_EQ(taken_count, 3, "the server sees them");
    CHECK_EQ(taken[2].position, 200, "as they were asked for");
    server_answer(1, ERR_OK, 11);
    server_answer(0, ERR_IO, 0);
    CHECK_EQ(files_completed(&queue, &completion), ERR_OK, "the second");
    CHECK_EQ(completion.tag, 1, "the second");
    CHECK_EQ(completion.done, 11, "all of it");
    CHECK_EQ(files_completed(&queue, &completion), ERR_OK, "the first");
    CHECK_EQ(completion.tag, 0, "the first");
    CHECK_EQ(completion.err, ERR_IO, "has failed");
    CHECK_EQ(files_completed(&queue, &completion), ERR_WOULD_BLOCK, "one is left");
}

TEST(what_was_in_flight_is_asked_for_again_by_new_handles)
{
    struct files_completion completion;

    start();
    CHECK_EQ(submit(0, 1, 10), ERR_OK, "there is room");
    CHECK_EQ(submit(1, 2, 10), ERR_OK, "there is room");
    CHECK(files_queue_rest(&queue), "nothing is there");
    server_take();
    uint32_t old = taken[0].handle;

    server_dies();
    again = ERR_TIMED_OUT;
    CHECK_EQ(files_completed(&queue, &completion), ERR_WOULD_BLOCK, "it is not back yet");
    CHECK(files_queue_deadline(&queue) != DEADLINE_NEVER, "so it is asked again soon");
    again = ERR_OK;
    CHECK_EQ(files_completed(&queue, &completion), ERR_WOULD_BLOCK, "it is back");
    CHECK_EQ(files_queue_deadline(&queue), DEADLINE_NEVER, "and will answer");
    (void)files_queue_rest(&queue);
    server_take();
    CHECK_EQ(taken_count, 2, "both");
    CHECK(taken[0].handle > old + 1 && taken[1].handle > old + 1, "by new handles");
    server_dies();
    again = ERR_GONE;
    CHECK_EQ(files_completed(&queue, &completion), ERR_OK, "they are other files now");
    CHECK_EQ(completion.err, ERR_GONE, "they are other files now");
}

TEST(who_cancels_hears_when_the_buffer_is_free)
{
    struct files_completion completion;

    start();
    CHECK_EQ(submit(0, 1, 10), ERR_OK, "there is room");
    CHECK_EQ(submit(1, 2, 10), ERR_OK, "there is room");
    CHECK(files_queue_rest(&queue), "sent");
    server_take();
    CHECK_EQ(submit(0, 3, 10), ERR_OK, "not sent yet");
    files_cancel(&queue, &opened[0]);
    CHECK_EQ(files_completed(&queue, &completion), ERR_OK, "that at once");
    CHECK_EQ(completion.tag, 3, "that at once");
    CHECK_EQ(files_completed(&queue, &completion), ERR_WOULD_BLOCK, "not the other");
    server_answer(0, ERR_OK, 10);
    CHECK_EQ(files_completed(&queue, &completion), ERR_OK, "the server has let go");
    CHECK_EQ(completion.tag, 1, "the server has let go");
    CHECK_EQ(completion.err, ERR_CANCELLED, "whatever it said");
    files_cancel(&queue, &opened[1]);
    server_dies();
    CHECK_EQ(files_completed(&queue, &completion), ERR_OK, "or is gone");
    CHECK_EQ(completion.tag, 2, "or is gone");
}

/* 0: not asked for. */
static uint32_t wanted_bytes[TAGS];
static uint32_t left;

static void told(const struct files_completion *completion)
{
    if (!CHECK(completion->tag < TAGS && wanted_bytes[completion->tag] != 0, "asked for")) {
        return;
    }
    CHECK(completion->done <= wanted_bytes[completion->tag], "no more than was asked for");
    CHECK(completion->err == ERR_OK || completion->done == 0, "or why not");
    wanted_bytes[completion->tag] = 0;
    left--;
}

static void any_step(bool lies)
{
    struct files_completion completion;
    uint32_t tag = test_random(TAGS);
    uint32_t bytes = 1 + test_random(500);

    switch (test_random(6)) {
    case 0:
    case 1:
        if (wanted_bytes[tag] == 0 && submit(test_random(FILES), tag, bytes) == ERR_OK) {
            wanted_bytes[tag] = bytes;
            left++;
        }
        break;
    case 2:
        server_take();
        if (taken_count != 0) {
            uint32_t number = test_random(taken_count);

            server_answer(number, test_random(4) == 0 ? ERR_IO : ERR_OK, taken[number].bytes);
        }
        break;
    case 3:
        (void)files_queue_rest(&queue);
        break;
    case 4:
        if (lies) {
            uint64_t *words = (uint64_t *)(void *)fake_links[0].memory;
            struct file_completion lie = { .tag = (uint64_t)test_random(queue.serial + 2) << 32 |
                                                  test_random(18),
                                           .error = test_random(40),
                                           .done = test_random(2000) };

            (void)!session_send(&peer, &lie);
            session_flush(&peer);
            words[test_random(16) + (test_random(2) == 0 ? SESSION_REPLIES / 8 : 0)] ^=
                test_random(100) == 0 ? test_random(UINT32_MAX) : 0;
        }
        if (test_random(300) == 0) {
            server_dies();
        }
        again = test_random(10) == 0 ? ERR_TIMED_OUT : ERR_OK;
        break;
    default:
        if (files_completed(&queue, &completion) == ERR_OK) {
            told(&completion);
        }
    }
}

static void all_end(void)
{
    struct files_completion completion;

    again = ERR_OK;
    server_dies();
    for (uint32_t i = 0; i < 10 * STEPS && left != 0; i++) {
        if (files_completed(&queue, &completion) == ERR_OK) {
            told(&completion);
        }
        (void)files_queue_rest(&queue);
        server_take();
        if (taken_count != 0) {
            server_answer(0, ERR_OK, taken[0].bytes);
        }
    }
    CHECK_EQ(left, 0, "each is completed once");
    CHECK_EQ(queue.count, 0, "and no record is lost");
}

TEST(each_is_completed_once_whatever_dies)
{
    start();
    for (uint32_t step = 0; step < STEPS; step++) {
        any_step(false);
    }
    all_end();
    CHECK_EQ(queue.refused, 0, "nobody lied");
    CHECK(queue.resubmitted > 10, "there were deaths");
}

TEST(a_server_that_lies_completes_nothing_twice)
{
    start();
    for (uint32_t step = 0; step < STEPS; step++) {
        any_step(true);
    }
    all_end();
    CHECK(queue.refused > 100, "lies are counted");
}
