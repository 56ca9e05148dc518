/* SPDX-License-Identifier: MIT */
/* Requests over rings, from clients that behave, take nothing, die and lie. What reading gives the test says. */
#include "fileserve/clients.h"

#include <string.h>

#include "block_fake/fake.h"
#include "host_test/test.h"

enum { FILE_AT = 1, DIRECTORY_AT = 2, TAGS = 200, STEPS = 60000, TURNS_MAX = 400 };

static struct client client;
static struct session peer; /* the client's side */
static bool is_blocking;    /* reading says all kinds of things */
static uint32_t reads;

static uint32_t id_of(uint32_t place)
{
    return HANDLES_MAX + place;
}

static void handles_open(void)
{
    for (uint32_t place = FILE_AT; place <= DIRECTORY_AT; place++) {
        client.handles[place].id = id_of(place);
        client.handles[place].kind = place == FILE_AT ? FILE_KIND_REGULAR : FILE_KIND_DIRECTORY;
    }
}

static void start(void)
{
    fake_links_start();
    memset(&client, 0, sizeof(client));
    CHECK_EQ(session_open(&client.session, 0), ERR_OK, "it opens");
    CHECK_EQ(session_open(&peer, FAKE_CLIENT), ERR_OK, "it opens");
    handles_open();
    is_blocking = false;
    reads = 0;
}

static err_t read_any(struct client *asked, struct request *request, uint64_t *done)
{
    CHECK(asked == &client && request->handle == &client.handles[FILE_AT], "an open file");
    CHECK(request->bytes != 0 && request->offset <= FAKE_DATA_BYTES &&
              request->bytes <= FAKE_DATA_BYTES - request->offset,
          "inside the data area");
    reads++;
    *done = request->bytes;
    switch (is_blocking ? test_random(4) : 3) {
    case 0:
        return ERR_WOULD_BLOCK;
    case 1:
        return ERR_BUSY;
    case 2:
        return ERR_IO;
    default:
        return ERR_OK;
    }
}

static void ask(uint64_t tag, struct file_request wanted)
{
    wanted.tag = tag;
    CHECK_EQ(session_send(&peer, &wanted), ERR_OK, "there is room");
    session_flush(&peer);
}

/* Until it rests, which it must. */
static void turns(void)
{
    uint32_t count = 0;

    while (requests_turn(&client, read_any) && count < TURNS_MAX) {
        count++;
    }
    CHECK(count < TURNS_MAX, "it comes to rest");
}

static err_t hear(struct file_completion *completion)
{
    err_t err = session_receive(&peer, completion);

    (void)session_rest(&peer);
    return err;
}

TEST(requests_are_checked_in_every_number)
{
    static const struct {
        const char *why;
        struct file_request wanted;
        err_t want;
        uint32_t done;
    } cases[] = {
        { "a read", { .operation = 1, .handle = 65, .bytes = 10 }, ERR_OK, 10 },
        { "to the end", { .operation = 1, .handle = 65, .bytes = 6, .offset = 65530 }, ERR_OK, 6 },
        { "no operation", { .operation = 0, .handle = 65, .bytes = 10 }, ERR_BAD_CALL, 0 },
        { "another", { .operation = 2, .handle = 65, .bytes = 10 }, ERR_BAD_CALL, 0 },
        { "nothing", { .operation = 1, .handle = 65 }, ERR_RANGE, 0 },
        { "too much", { .operation = 1, .handle = 65, .bytes = 131073 }, ERR_RANGE, 0 },
        { "the most", { .operation = 1, .handle = 65, .bytes = 131072 }, ERR_RANGE, 0 },
        { "past the end",
          { .operation = 1, .handle = 65, .bytes = 7, .offset = 65530 },
          ERR_RANGE,
          0 },
        { "wraps",
          { .operation = 1, .handle = 65, .bytes = 2, .offset = UINT32_MAX },
          ERR_RANGE,
          0 },
        { "no handle", { .operation = 1, .handle = 0, .bytes = 10 }, ERR_NO_ENTRY, 0 },
        { "another's", { .operation = 1, .handle = 129, .bytes = 10 }, ERR_NO_ENTRY, 0 },
        { "a directory", { .operation = 1, .handle = 66, .bytes = 10 }, ERR_WRONG_TYPE, 0 },
    };

    start();
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct file_completion completion = { 0 };

        ask(1000 + i, cases[i].wanted);
        turns();
        CHECK_EQ(hear(&completion), ERR_OK, cases[i].why);
        CHECK_EQ(completion.tag, 1000 + i, cases[i].why);
        CHECK_EQ(completion.error, cases[i].want, cases[i].why);
        CHECK_EQ(completion.done, cases[i].done, cases[i].why);
    }
    CHECK_EQ(client.refused, 7, "what breaks the protocol is counted");
}

TEST(a_turn_is_short_and_each_comes_to_his)
{
    struct file_completion completion;
    struct file_request wanted = { .operation = 1, .handle = 65, .bytes = 10 };
    uint32_t heard = 0;

    start();
    for (uint32_t i = 0; i < 3 * REQUESTS_OF_CLIENT; i++) {
        ask(i, wanted);
    }
    while (heard < 3 * REQUESTS_OF_CLIENT) {
        reads = 0;
        bool has_more = requests_turn(&client, read_any);

        CHECK(reads <= REQUESTS_PER_TURN, "others are looked at");
        while (hear(&completion) == ERR_OK) {
            CHECK_EQ(completion.tag, heard, "in order, if all is there");
            heard++;
        }
        if (!CHECK(has_more || heard == 3 * REQUESTS_OF_CLIENT, "it says that there is more")) {
            break;
        }
    }
}

TEST(a_bell_is_rung_only_for_who_asked)
{
    struct file_completion completion;
    struct file_request wanted = { .operation = 1, .handle = 65, .bytes = 10 };

    start();
    ask(1, wanted);
    turns();
    CHECK_EQ(fake_links[0].bells[0], 0, "nobody sleeps");
    CHECK_EQ(fake_links[0].bells[1], 0, "nor the server, which had not asked yet");
    CHECK_EQ(hear(&completion), ERR_OK, "it is there");
    ask(2, wanted);
    CHECK_EQ(fake_links[0].bells[1], 1, "the server had asked");
    turns();
    CHECK_EQ(fake_links[0].bells[0], 1, "and the client");
}

TEST(closing_a_handle_ends_what_was_asked_for_by_it)
{
    struct file_completion completion;

    start();
    ask(7, (struct file_request){ .operation = 1, .handle = 65, .bytes = 10 });
    is_blocking = true;
    while (client.requests.in_flight == client.requests.ready) {
        (void)requests_turn(&client, read_any);
        if (client.requests.in_flight == 0) {
            CHECK_EQ(hear(&completion), ERR_OK, "it was done too soon");
            ask(7, (struct file_request){ .operation = 1, .handle = 65, .bytes = 10 });
        }
    }
    requests_cancel(&client, &client.handles[DIRECTORY_AT]);
    CHECK_EQ(hear(&completion), ERR_WOULD_BLOCK, "it was another");
    requests_cancel(&client, &client.handles[FILE_AT]);
    CHECK_EQ(hear(&completion), ERR_OK, "it is over");
    CHECK_EQ(completion.tag, 7, "the one");
    CHECK_EQ(completion.error, ERR_CANCELLED, "and why");
    CHECK_EQ(client.requests.in_flight, 0, "nothing is left");
}

/* What the client knows. */
static bool is_asked[TAGS];
static uint32_t asked_count;

static void peer_asks(void)
{
    uint32_t tag = test_random(TAGS);
    struct file_request wanted = { .tag = tag,
                                   .operation = FILE_REQUEST_READ,
                                   .handle = id_of(FILE_AT),
                                   .position = tag,
                                   .bytes = 1 + test_random(1000),
                                   .offset = test_random(60000) };

    if (!is_asked[tag] && session_send(&peer, &wanted) == ERR_OK) {
        is_asked[tag] = true;
        asked_count++;
    }
    session_flush(&peer);
}

static bool peer_hears(void)
{
    struct file_completion completion;
    err_t err = hear(&completion);

    if (err != ERR_OK) {
        return false;
    }
    if (CHECK(completion.tag < TAGS && is_asked[completion.tag], "asked for, and not answered")) {
        is_asked[completion.tag] = false;
        asked_count--;
    }
    return true;
}

static void pages_come(void)
{
    struct request *request = &client.requests.all[test_random(REQUESTS_OF_CLIENT)];

    if (request->state == REQUEST_WAITING) {
        request_ready(&client, request);
    }
}

static void client_dies(void)
{
    fake_epoch_begin(0);
    CHECK_EQ(session_open(&peer, FAKE_CLIENT), ERR_OK, "a successor");
    memset(is_asked, 0, sizeof(is_asked));
    asked_count = 0;
}

TEST(each_request_is_answered_once_whatever_the_client_does)
{
    start();
    is_blocking = true;
    for (uint32_t step = 0; step < STEPS; step++) {
        switch (test_random(8)) {
        case 0:
        case 1:
        case 2:
            peer_asks();
            break;
        case 3:
            (void)peer_hears();
            break;
        case 4:
            pages_come();
            break;
        case 5:
            if (test_random(50) == 0) {
                requests_cancel(&client, &client.handles[FILE_AT]);
            }
            if (test_random(500) == 0) {
                client_dies();
            }
            break;
        default:
            (void)requests_turn(&client, read_any);
        }
        CHECK(client.requests.in_flight <= REQUESTS_OF_CLIENT, "its share");
        CHECK(client.requests.ready <= client.requests.in_flight, "counted");
    }
    is_blocking = false;
    for (uint32_t i = 0; i < STEPS && asked_count != 0; i++) {
        pages_come();
        (void)requests_turn(&client, read_any);
        (void)peer_hears();
    }
    CHECK_EQ(asked_count, 0, "all are answered");
    CHECK_EQ(client.refused, 0, "nobody lied");
    CHECK(reads > STEPS / 10, "much was read");
}

TEST(who_lies_is_refused_and_heard_again_in_its_next_epoch)
{
    uint64_t lies = 0;

    start();
    is_blocking = true;
    for (uint32_t step = 0; step < STEPS; step++) {
        uint64_t *words = (uint64_t *)(void *)fake_links[0].memory;
        struct file_request wanted;

        memset(&wanted, (int)test_random(256), sizeof(wanted));
        if (test_random(2) == 0) {
            wanted = (struct file_request){ .operation = test_random(3),
                                            .handle = id_of(test_random(4)),
                                            .bytes = test_random(200000),
                                            .offset = test_random(100000) };
        }
        (void)!session_send(&peer, &wanted);
        session_flush(&peer);
        if (test_random(20) == 0) {
            /* Often in the epoch that is now. */
            words[test_random(16) + (test_random(2) == 0 ? SESSION_REPLIES / 8 : 0)] ^=
                (uint64_t)test_random(4) / 3 << 32 | test_random(UINT32_MAX);
        }
        pages_come();
        (void)requests_turn(&client, read_any);
        while (hear(&(struct file_completion){ 0 }) == ERR_OK) {
        }
        if (client.requests.is_lying || test_random(200) == 0) {
            lies += client.requests.is_lying;
            CHECK(client.refused != 0 || !client.requests.is_lying, "it is counted");
            is_blocking = false;
            for (uint32_t i = 0; i < REQUESTS_OF_CLIENT; i++) {
                pages_come();
            }
            turns();
            is_blocking = true;
            client_dies();
            requests_forget(&client);
            handles_open();
        }
    }
    CHECK(lies > 10, "lies were met");
    client_dies();
    requests_forget(&client);
    is_blocking = false;
    ask(5, (struct file_request){ .operation = 1, .handle = 65, .bytes = 10 });
    turns();
    CHECK_EQ(hear(&(struct file_completion){ 0 }), ERR_OK, "it is served again");
}
