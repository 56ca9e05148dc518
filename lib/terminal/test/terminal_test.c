/* SPDX-License-Identifier: MIT */
/* Both sides of a terminal against each other over plain memory, with deaths, full streams and lies. */
#include <string.h>

#include "block_fake/fake.h"
#include "host_test/test.h"
#include "terminal/client.h"
#include "terminal/server.h"

static struct terminal terminal;
static struct terminal_server server;

static struct terminal_shared *shared(void)
{
    return (struct terminal_shared *)(void *)(fake_links[0].memory + SESSION_DATA);
}

static void start(void)
{
    fake_links_start();
    CHECK_EQ(terminal_server_open(&server, 0), ERR_OK, "it opens");
    CHECK_EQ(terminal_open(&terminal, FAKE_CLIENT), ERR_OK, "it opens");
}

static void rest(void)
{
    for (uint32_t i = 0; i < 4; i++) {
        (void)terminal_server_rest(&server);
        terminal_server_hear(&server);
        (void)terminal_rest(&terminal);
        (void)terminal_read(&terminal, NULL, 0);
    }
}

/* Bytes that say where in a stream they are. */
static unsigned char byte_at(uint64_t position)
{
    return (unsigned char)(position * 7 + position / 251);
}

static void fill(unsigned char *bytes, uint64_t from, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        bytes[i] = byte_at(from + i);
    }
}

static bool is_right(const unsigned char *bytes, uint64_t from, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (bytes[i] != byte_at(from + i)) {
            return false;
        }
    }
    return true;
}

TEST(bytes_come_through_in_order_in_both_directions_whatever_dies)
{
    static unsigned char bytes[TERMINAL_OUTPUT_BYTES];
    uint64_t typed = 0, taken = 0, written = 0, shown = 0;

    start();
    for (uint32_t step = 0; step < 100000; step++) {
        uint32_t count = (uint32_t)test_random(test_random(8) == 0 ? sizeof(bytes) : 40);

        switch (test_random(6)) {
        case 0:
            count = count < terminal_server_room(&server) ? count : terminal_server_room(&server);
            fill(bytes, typed, count);
            terminal_server_input(&server, bytes, count);
            typed += count;
            break;
        case 1:
            count = terminal_read(&terminal, bytes, count);
            CHECK(is_right(bytes, taken, count), "what was typed is read");
            taken += count;
            break;
        case 2:
            fill(bytes, written, count);
            written += terminal_write(&terminal, bytes, count);
            break;
        case 3:
            count = terminal_server_output(&server, 0, bytes, count);
            CHECK(is_right(bytes, shown, count), "what was written is shown");
            terminal_server_shown(&server, count);
            shown += count;
            break;
        case 4:
            rest();
            break;
        default:
            if (test_random(10) == 0) {
                fake_epoch_begin(0);
                if (test_random(2) == 0) {
                    CHECK_EQ(terminal_server_open(&server, 0), ERR_OK, "a successor opens");
                } else {
                    CHECK_EQ(terminal_open(&terminal, FAKE_CLIENT), ERR_OK, "a successor opens");
                }
            }
        }
        CHECK(typed - taken <= TERMINAL_INPUT_BYTES, "never more than it holds");
        CHECK(written - shown <= TERMINAL_OUTPUT_BYTES, "never more than it holds");
        CHECK_EQ(terminal_unshown(&terminal), written - shown, "what is under way");
    }
    CHECK(typed > 100 * TERMINAL_INPUT_BYTES && written > 100 * TERMINAL_OUTPUT_BYTES,
          "it went round often");
    CHECK_EQ(server.end.refused + terminal.end.refused, 0, "nobody lied");
}

TEST(who_sleeps_is_woken_by_each_piece_of_news)
{
    unsigned char byte = 'x';

    start();
    rest();
    CHECK(terminal_rest(&terminal) && terminal_server_rest(&server), "both may sleep");
    for (uint32_t i = 0; i < 1000; i++) {
        uint32_t bells = fake_links[0].bells[0];

        terminal_server_input(&server, &byte, 1);
        (void)terminal_server_rest(&server);
        CHECK_EQ(fake_links[0].bells[0], bells + 1, "the client is woken");
        CHECK_EQ(terminal_read(&terminal, &byte, 1), 1, "and finds it");
        bells = fake_links[0].bells[1];
        (void)terminal_rest(&terminal);
        CHECK_EQ(fake_links[0].bells[1], bells + 1, "the driver is woken: there is room");
        terminal_server_hear(&server);
        CHECK(terminal_server_rest(&server), "the driver may sleep");
        CHECK(terminal_rest(&terminal), "the client may sleep");
    }
}

TEST(news_that_found_the_ring_full_are_told_when_there_is_room)
{
    unsigned char byte = 'x';

    start();
    rest();
    for (uint32_t i = 0; i < 2 * SESSION_SLOTS; i++) { /* the client does not listen */
        terminal_server_input(&server, &byte, 1);
        (void)terminal_server_rest(&server);
    }
    CHECK(server.end.is_due, "the last is still to be told");
    CHECK_EQ(terminal_read(&terminal, &byte, 1), 1, "the client listens");
    uint32_t bells = fake_links[0].bells[1];

    (void)terminal_rest(&terminal);
    CHECK(fake_links[0].bells[1] > bells, "the driver is told that there is room");
    terminal_server_hear(&server);
    (void)terminal_server_rest(&server);
    CHECK(!server.end.is_due, "it is told");
}

TEST(what_was_lost_is_told)
{
    start();
    rest();
    CHECK_EQ(terminal_lost(&terminal), 0, "nothing was");
    uint32_t bells = fake_links[0].bells[0];

    terminal_server_lost(&server, 3);
    (void)terminal_server_rest(&server);
    CHECK_EQ(terminal_lost(&terminal), 3, "three times");
    CHECK_EQ(fake_links[0].bells[0], bells + 1, "and the client hears of it");
}

TEST(positions_that_are_not_possible_are_refused_and_counted)
{
    static const uint64_t lies[] = { 1, TERMINAL_OUTPUT_BYTES + 1, 1ull << 63 };
    unsigned char bytes[16] = { 0 };

    for (uint32_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        start();
        shared()->written = server.shown + lies[i] + (i == 0 ? TERMINAL_OUTPUT_BYTES : 0);
        CHECK_EQ(terminal_server_output(&server, 0, bytes, sizeof(bytes)), 0, "nothing to show");
        CHECK_EQ(server.end.refused, 1, "counted");
        shared()->taken = server.typed + lies[i];
        CHECK_EQ(terminal_server_room(&server), 0, "no room");
        CHECK_EQ(server.end.refused, 2, "counted");
        shared()->typed = terminal.taken - lies[i];
        CHECK_EQ(terminal_read(&terminal, bytes, sizeof(bytes)), 0, "nothing to read");
        shared()->shown = terminal.written + lies[i];
        CHECK_EQ(terminal_write(&terminal, bytes, 1), 1, "taken for all shown");
    }
}

TEST(successors_do_not_go_on_at_positions_that_are_not_possible)
{
    unsigned char bytes[16];

    start();
    shared()->typed = 5;
    shared()->taken = 4000000;
    shared()->shown = 77;
    shared()->written = 3;
    CHECK_EQ(terminal_server_open(&server, 0), ERR_OK, "a successor opens");
    CHECK_EQ(terminal_server_room(&server), TERMINAL_INPUT_BYTES, "all is read");
    CHECK_EQ(terminal_server_output(&server, 0, bytes, sizeof(bytes)), 0, "all is shown");
    shared()->taken = shared()->typed + 9;
    shared()->written = shared()->shown - 9;
    CHECK_EQ(terminal_open(&terminal, FAKE_CLIENT), ERR_OK, "a successor opens");
    CHECK_EQ(terminal_read(&terminal, bytes, sizeof(bytes)), 0, "nothing was typed");
    CHECK_EQ(terminal_unshown(&terminal), 0, "all is shown");
    CHECK_EQ(server.end.refused + terminal.end.refused, 0, "from now on all is well");
}

TEST(whatever_a_peer_writes_harms_itself_only)
{
    unsigned char bytes[64];

    for (uint32_t round = 0; round < 200; round++) {
        start();
        for (uint32_t step = 0; step < 200; step++) {
            unsigned char *area = fake_links[0].memory;
            uint32_t where = (uint32_t)test_random(SESSION_DATA + 256);

            area[where] = (unsigned char)test_random(256);
            CHECK(terminal_server_room(&server) <= TERMINAL_INPUT_BYTES, "bounded");
            terminal_server_input(
                &server, bytes,
                terminal_server_room(&server) > 8 ? 8 : terminal_server_room(&server));
            CHECK(terminal_server_output(&server, 0, bytes, sizeof(bytes)) <= sizeof(bytes),
                  "bounded");
            terminal_server_hear(&server);
            (void)terminal_server_rest(&server);
            CHECK(terminal_read(&terminal, bytes, sizeof(bytes)) <= sizeof(bytes), "bounded");
            CHECK(terminal_write(&terminal, bytes, 8) <= 8, "bounded");
            (void)terminal_rest(&terminal);
        }
    }
}
