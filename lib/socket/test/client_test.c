/* SPDX-License-Identifier: MIT */
/* The client's side against a server that does what the test says: what it asks for, what it believes, and what new epochs do. */
#include "socket/client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block_fake/fake.h"
#include "host_test/test.h"
#include "pith/debug.h"

enum { RING = 4096, REQUESTS = 512, PORT = 7 };

static struct socket_client client;
static struct session server;
static struct socket_request requests[REQUESTS]; /* heard since the last look */
static uint32_t heard;

void program_panic(const char *text, const char *file, unsigned line)
{
    printf("FAIL panic: %s at %s:%u\n", text, file, line);
    abort();
}

/* The client shows what it did, the server hears all of it. */
static uint32_t exchange(void)
{
    err_t err;

    heard = 0;
    for (uint32_t i = 0; i < 8; i++) {
        (void)socket_rest(&client);
        while (heard < REQUESTS &&
               (err = session_receive(&server, &requests[heard])) != ERR_WOULD_BLOCK) {
            heard += err == ERR_OK;
        }
        (void)session_rest(&server);
    }
    return heard;
}

static uint64_t say(const struct socket_state *state)
{
    CHECK_EQ(session_send(&server, state), ERR_OK, "there is room");
    session_flush(&server);
    return socket_poll(&client);
}

static uint64_t state_say(uint32_t socket, uint32_t flags, uint64_t received, uint64_t taken)
{
    return say(&(struct socket_state){ .operation = SOCKET_STATE,
                                       .socket = socket,
                                       .life = client.sockets[socket].life,
                                       .flags = flags,
                                       .received = received,
                                       .taken = taken });
}

static uint64_t end_say(uint32_t socket, err_t err)
{
    return say(&(struct socket_state){ .operation = SOCKET_STATE,
                                       .socket = socket,
                                       .life = client.sockets[socket].life,
                                       .flags = SOCKET_HAS_ENDED,
                                       .error = (uint32_t)err,
                                       .received = client.sockets[socket].received,
                                       .taken = client.sockets[socket].taken });
}

/* BEGIN is asked and answered. */
static void begin(void)
{
    CHECK_EQ(exchange(), 1, "nothing but BEGIN, until it is answered");
    CHECK_EQ(requests[0].operation, SOCKET_BEGIN, "and that");
    (void)say(&(struct socket_state){ .operation = SOCKET_BEGIN, .life = requests[0].life });
}

static void start(void)
{
    fake_links_start();
    CHECK_EQ(session_open(&server, 0), ERR_OK, "it opens");
    CHECK_EQ(socket_client_open(&client, FAKE_CLIENT, RING), ERR_OK, "it opens");
    begin();
}

static const struct socket_request *asked(uint32_t operation, uint32_t socket)
{
    static const struct socket_request none;

    for (uint32_t i = 0; i < heard; i++) {
        if (requests[i].operation == operation && requests[i].socket == socket) {
            return &requests[i];
        }
    }
    return &none;
}

static uint32_t connected(void)
{
    struct socket_address address = { { [15] = 1 } };
    uint32_t socket = 0;

    CHECK_EQ(socket_connect(&client, &address, PORT, &socket), ERR_OK, "a number");
    (void)exchange();
    CHECK_EQ(asked(SOCKET_CONNECT, socket)->port, PORT, "it is asked for");
    (void)state_say(socket, SOCKET_IS_OPEN, 0, 0);
    CHECK_EQ(socket_state_of(&client, socket), ERR_OK, "and open");
    return socket;
}

static uint8_t *ring_of(uint32_t socket, bool is_send)
{
    return (uint8_t *)session_data(&server) + ((size_t)socket * 2 + is_send) * RING;
}

TEST(sizes_of_rings)
{
    fake_links_start();
    CHECK_EQ(socket_client_open(&client, FAKE_CLIENT, RING / 2), ERR_RANGE, "too small");
    CHECK_EQ(socket_client_open(&client, FAKE_CLIENT, RING * 3), ERR_RANGE, "no power of two");
    CHECK_EQ(socket_client_open(&client, FAKE_CLIENT, FAKE_DATA_BYTES), ERR_RANGE,
             "two do not fit");
    CHECK_EQ(socket_client_open(&client, FAKE_CLIENT, FAKE_DATA_BYTES / 2), ERR_OK, "two do");
    CHECK_EQ(client.rings, 1, "for one socket");
}

TEST(nothing_is_asked_before_the_answer_to_begin)
{
    uint32_t socket;

    fake_links_start();
    CHECK_EQ(session_open(&server, 0), ERR_OK, "it opens");
    CHECK_EQ(socket_client_open(&client, FAKE_CLIENT, RING), ERR_OK, "it opens");
    CHECK_EQ(socket_datagrams(&client, 0, &socket), ERR_OK, "a number");
    CHECK_EQ(exchange(), 1, "BEGIN");
    (void)say(&(struct socket_state){ .operation = SOCKET_BEGIN, .life = requests[0].life + 1 });
    (void)state_say(socket, SOCKET_IS_OPEN, 0, 0);
    CHECK_EQ(client.refused, 2, "another answer, and a state before it, are refused");
    CHECK_EQ(exchange(), 0, "so nothing more is asked");
    (void)say(&(struct socket_state){ .operation = SOCKET_BEGIN, .life = client.tag });
    CHECK_EQ(exchange(), 1, "now it is");
    CHECK_EQ(asked(SOCKET_DATAGRAMS, socket)->bytes, RING, "with its rings");
}

TEST(a_stream_wraps_in_its_rings)
{
    uint32_t socket;
    uint64_t received = 0;
    uint64_t taken = 0;
    uint64_t sent = 0;
    uint64_t got = 0;
    size_t count;

    start();
    socket = connected();
    for (uint32_t round = 0; round < 2000 && !test_has_failed(); round++) {
        uint8_t bytes[RING];
        size_t most = test_random(RING) + 1;

        /* The server writes what there is room for. */
        uint64_t room = client.sockets[socket].consumed + RING - received;

        for (uint64_t more = test_random((uint32_t)room + 1); more > 0; more--, received++) {
            ring_of(socket, false)[received % RING] = (uint8_t)(received * 7 >> 3);
        }
        /* It takes some of what was written. */
        for (uint64_t more = test_random((uint32_t)(sent - taken) + 1); more > 0; more--, taken++) {
            CHECK_EQ(ring_of(socket, true)[taken % RING], (uint8_t)(taken * 5 >> 2), "as sent");
        }
        (void)state_say(socket, SOCKET_IS_OPEN, received, taken);
        if (socket_receive(&client, socket, bytes, most, &count) == ERR_OK) {
            for (size_t i = 0; i < count; i++, got++) {
                CHECK_EQ(bytes[i], (uint8_t)(got * 7 >> 3), "as written");
            }
        }
        for (size_t i = 0; i < most; i++) {
            bytes[i] = (uint8_t)((sent + i) * 5 >> 2);
        }
        if (socket_send(&client, socket, bytes, most, &count) == ERR_OK) {
            sent += count;
        }
        (void)exchange();
        CHECK(sent - taken <= RING, "never more than the ring holds");
        CHECK_EQ(client.sockets[socket].consumed, got, "positions are absolute");
        CHECK_EQ(client.sockets[socket].written, sent, "on both sides");
    }
    CHECK(received > 50 * RING && taken > 50 * RING, "it went round many times");
    CHECK_EQ(client.refused, 0, "nobody lied");
}

/* All that a message of the server's can change. */
static bool is_same(const struct socket_record *a, const struct socket_record *b)
{
    return a->state == b->state && a->life == b->life && a->flags == b->flags &&
           a->error == b->error && a->received == b->received && a->consumed == b->consumed &&
           a->written == b->written && a->taken == b->taken && a->open_is_due == b->open_is_due &&
           a->update_is_due == b->update_is_due;
}

TEST(states_that_make_no_sense_change_nothing)
{
    uint32_t socket;
    struct socket_record before;
    size_t count;
    static const struct {
        const char *why;
        uint64_t received, taken;
    } cases[] = {
        { "more than the ring holds", 100 + RING, 50 },
        { "less than before", 99, 50 },
        { "the end of all numbers", UINT64_MAX, 50 },
        { "more than was written", 100, 61 },
        { "less than was taken", 100, 49 },
        { "much more", 100, UINT64_MAX },
    };

    start();
    socket = connected();
    CHECK_EQ(socket_send(&client, socket,
                         "0123456789012345678901234567890123456789012345678901234567", 58, &count),
             ERR_OK, "it goes");
    (void)state_say(socket, SOCKET_IS_OPEN, 100, 50);
    socket_consume(&client, socket, 50);
    (void)exchange();
    before = client.sockets[socket];
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t received = i == 0 ? 50 + RING + 1 : cases[i].received;

        (void)state_say(socket, SOCKET_IS_OPEN | SOCKET_AT_END, received, cases[i].taken);
        CHECK_EQ(client.refused, i + 1, cases[i].why);
        CHECK(is_same(&before, &client.sockets[socket]), cases[i].why);
    }
    (void)say(&(struct socket_state){ .operation = SOCKET_STATE, .socket = SOCKETS_MAX });
    (void)say(&(struct socket_state){ .operation = 99, .socket = socket });
    CHECK_EQ(client.refused, sizeof(cases) / sizeof(cases[0]) + 2, "no such socket, no such word");
    (void)say(&(struct socket_state){ .operation = SOCKET_STATE,
                                      .socket = socket,
                                      .life = before.life - 1,
                                      .flags = SOCKET_HAS_ENDED });
    CHECK_EQ(socket_state_of(&client, socket), ERR_OK, "another life is over, not this one");
}

TEST(a_number_lives_again_only_when_the_server_has_said_that_it_ended)
{
    uint32_t socket;
    uint32_t next;
    uint32_t life;

    start();
    socket = connected();
    life = client.sockets[socket].life;
    socket_close(&client, socket);
    (void)exchange();
    CHECK_EQ(asked(SOCKET_UPDATE, socket)->flags, SOCKET_CLOSE, "it is asked to end");
    CHECK_EQ(socket_state_of(&client, socket), ERR_NO_ENTRY, "the program has it no more");
    next = connected();
    CHECK(next != socket, "another one");
    (void)end_say(socket, ERR_OK);
    CHECK_EQ(connected(), socket, "now it is free");
    CHECK_EQ(client.sockets[socket].life, life + 1, "for another life");
}

TEST(ends_are_told_with_their_reason)
{
    static const err_t reasons[] = { ERR_NO_MEMORY, ERR_BUSY, ERR_TIMED_OUT, ERR_IO, ERR_RANGE };
    size_t count;

    start();
    for (uint32_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        uint32_t socket = connected();

        CHECK(end_say(socket, reasons[i]) == 1ull << socket, "it is news");
        CHECK_EQ(socket_state_of(&client, socket), reasons[i], "why");
        CHECK_EQ(socket_send(&client, socket, "x", 1, &count), ERR_GONE, "nothing goes out");
        socket_close(&client, socket);
        CHECK_EQ(socket_state_of(&client, socket), ERR_NO_ENTRY, "gone");
    }
}

static uint32_t listening(uint32_t port)
{
    uint32_t listener = 0;

    CHECK_EQ(socket_listen(&client, port, 5, &listener), ERR_OK, "a number");
    (void)exchange();
    CHECK_EQ(asked(SOCKET_LISTEN, listener)->number, 5, "with its backlog");
    (void)state_say(listener, SOCKET_IS_OPEN, 0, 0);
    return listener;
}

TEST(connections_are_accepted_one_after_the_other)
{
    uint32_t listener;
    uint32_t socket;

    start();
    CHECK_EQ(socket_listen(&client, 0, 5, &listener), ERR_RANGE, "no port");
    CHECK_EQ(socket_listen(&client, 9, 65, &listener), ERR_RANGE, "too long a queue");
    listener = listening(80);
    CHECK_EQ(exchange(), 1, "the library asks for the next one by itself");
    CHECK_EQ(requests[0].operation, SOCKET_ACCEPT, "that");
    CHECK_EQ(requests[0].number, listener, "of that listener");
    CHECK_EQ(socket_accept(&client, listener, &socket), ERR_WOULD_BLOCK, "none has come");
    CHECK_EQ(socket_accept(&client, requests[0].socket, &socket), ERR_NO_ENTRY,
             "it is no listener");
    CHECK(state_say(requests[0].socket, SOCKET_IS_OPEN, 0, 0) & 1ull << listener, "news");
    CHECK_EQ(socket_accept(&client, listener, &socket), ERR_OK, "there it is");
    CHECK_EQ(exchange(), 1, "and the next is asked for");
    socket_close(&client, listener);
    (void)exchange();
    CHECK_EQ(asked(SOCKET_UPDATE, listener)->flags, SOCKET_CLOSE, "the listener ends");
    CHECK_EQ(socket_state_of(&client, socket), ERR_OK, "its connections do not");
}

TEST(a_new_server_knows_nothing_and_listeners_come_back)
{
    uint32_t listener, stream, leaving, datagrams;
    uint32_t life;
    size_t count;

    start();
    listener = listening(80);
    stream = connected();
    leaving = connected();
    CHECK_EQ(socket_datagrams(&client, 53, &datagrams), ERR_OK, "a number");
    (void)exchange();
    (void)state_say(datagrams, SOCKET_IS_OPEN, 240, 0);
    (void)state_say(stream, SOCKET_IS_OPEN, 5, 0);
    socket_close(&client, leaving);
    CHECK_EQ(socket_send(&client, stream, "lost", 4, &count), ERR_OK, "it goes nowhere");
    life = client.sockets[listener].life;

    fake_epoch_begin(0);
    CHECK_EQ(session_open(&server, 0), ERR_OK, "a successor");
    CHECK(socket_poll(&client) != 0, "it is news");
    CHECK_EQ(client.epochs, 1, "met");
    CHECK_EQ(socket_state_of(&client, stream), ERR_GONE, "the connection was reset");
    CHECK_EQ(socket_state_of(&client, listener), ERR_WOULD_BLOCK,
             "the listener is being asked for");
    CHECK_EQ(socket_state_of(&client, datagrams), ERR_WOULD_BLOCK, "and the datagrams");
    begin();
    (void)exchange();
    CHECK_EQ(asked(SOCKET_LISTEN, listener)->port, 80, "again");
    CHECK_EQ(asked(SOCKET_LISTEN, listener)->life, life + 1, "in another life");
    CHECK_EQ(asked(SOCKET_DATAGRAMS, datagrams)->port, 53, "the same port");
    CHECK_EQ(asked(SOCKET_UPDATE, stream)->operation, 0, "of the connection nothing is said");
    CHECK_EQ(asked(SOCKET_UPDATE, leaving)->operation, 0, "nor of the one that was leaving");
    CHECK_EQ(client.sockets[datagrams].received, 0, "positions begin anew");
    (void)state_say(listener, SOCKET_IS_OPEN, 0, 0);
    CHECK_EQ(socket_state_of(&client, listener), ERR_OK, "it is back");
    socket_close(&client, stream);
    CHECK_EQ(exchange(), 1, "an ACCEPT, and nothing of what the server never knew");
    CHECK_EQ(client.refused, 0, "nobody lied");
}

TEST(more_requests_than_slots_go_out_later)
{
    uint32_t socket;
    size_t count;

    start();
    socket = connected();
    for (uint32_t i = 0; i < 3 * SESSION_SLOTS; i++) {
        CHECK_EQ(socket_send(&client, socket, "x", 1, &count), ERR_OK, "there is room");
        (void)socket_rest(&client); /* the server does not look */
    }
    (void)exchange();
    CHECK_EQ(requests[heard - 1].written, 3 * SESSION_SLOTS, "the last one says it all");
}

static err_t datagram_send(uint32_t socket, uint32_t bytes)
{
    static uint8_t data[2 * RING];
    struct socket_datagram to = { .bytes = bytes, .port = 9 };

    return socket_datagram_send(&client, socket, data, &to);
}

TEST(datagrams_wrap_and_are_bounded)
{
    uint32_t socket;
    uint64_t at = 0;
    struct socket_datagram from;
    uint8_t data[RING];

    start();
    CHECK_EQ(socket_datagrams(&client, 65536, &socket), ERR_RANGE, "no port");
    CHECK_EQ(socket_datagrams(&client, 9, &socket), ERR_OK, "a number");
    (void)exchange();
    CHECK_EQ(datagram_send(socket, 1), ERR_OK, "what is sent before it is open waits");
    (void)exchange();
    CHECK_EQ(asked(SOCKET_UPDATE, socket)->written, sizeof(from) + 8, "with the server");
    (void)state_say(socket, SOCKET_IS_OPEN, 0, 0);
    CHECK_EQ(datagram_send(socket, RING), ERR_RANGE, "it never fits");
    for (uint32_t i = 0; i < 300; i++) {
        uint32_t bytes = test_random(1500);
        struct socket_datagram header = { .bytes = bytes, .port = i };
        uint8_t *ring = ring_of(socket, false);

        for (uint32_t j = 0; j < sizeof(header) + bytes; j++) {
            ring[(at + j) % RING] =
                j < sizeof(header) ? ((uint8_t *)&header)[j] : (uint8_t)(i + j - sizeof(header));
        }
        at += sizeof(header) + ((bytes + 7) & ~7u);
        (void)state_say(socket, SOCKET_IS_OPEN, at, client.sockets[socket].written);
        CHECK_EQ(socket_datagram_receive(&client, socket, data, sizeof(data), &from), ERR_OK,
                 "it is there");
        CHECK_EQ(from.bytes, bytes, "all of it");
        CHECK_EQ(from.port, i, "from there");
        CHECK(bytes == 0 || (data[0] == (uint8_t)i && data[bytes - 1] == (uint8_t)(i + bytes - 1)),
              "as sent");
        CHECK_EQ(datagram_send(socket, bytes), ERR_OK, "and back");
        (void)exchange();
    }
    memset(ring_of(socket, false), 0xff, RING); /* a length that is none */
    (void)state_say(socket, SOCKET_IS_OPEN, at + 64, client.sockets[socket].written);
    CHECK_EQ(socket_datagram_receive(&client, socket, data, sizeof(data), &from), ERR_WOULD_BLOCK,
             "refused");
    CHECK_EQ(client.refused, 1, "and counted");
    CHECK_EQ(client.sockets[socket].consumed, at + 64, "what came with it is thrown away");
}
