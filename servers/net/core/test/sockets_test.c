/* SPDX-License-Identifier: MIT */
/*
 * Clients, the server's sockets and the stack together: streams and datagrams over both loopbacks and over a link that loses,
 * deaths on either side, what a lie costs.
 */
#include <string.h>

#include "block_fake/fake.h"
#include "host_test/test.h"
#include "net_bench/bench.h"
#include "net_core/net.h"

enum { PORT = 80, BYTES = 50000, RAW = 5 };

/* Client 0 calls client 1; both send, and shut when all is sent. */
struct side {
    struct socket_client *client;
    uint32_t socket;
    uint64_t sent, received, wrong;
    uint32_t seed;
};

static struct {
    uint32_t listener;
    bool is_accepted;
    struct side sides[2];
} talk;

static uint8_t byte_at(uint32_t seed, uint64_t position)
{
    return (uint8_t)((position * 2654435761u + seed) >> 9);
}

static void side_send(struct side *side)
{
    uint8_t bytes[1500];
    size_t most = test_random(sizeof(bytes)) + 1;
    size_t count;

    most = most < BYTES - side->sent ? most : (size_t)(BYTES - side->sent);
    for (size_t i = 0; i < most; i++) {
        bytes[i] = byte_at(side->seed, side->sent + i);
    }
    if (most != 0 && socket_send(side->client, side->socket, bytes, most, &count) == ERR_OK) {
        side->sent += count;
    }
    if (side->sent == BYTES) {
        socket_shut(side->client, side->socket);
    }
}

static void side_receive(struct side *side, uint32_t seed)
{
    uint8_t bytes[1500];
    size_t count;

    if (socket_receive(side->client, side->socket, bytes, test_random(sizeof(bytes)) + 1, &count) ==
        ERR_OK) {
        for (size_t i = 0; i < count; i++) {
            side->wrong += bytes[i] != byte_at(seed, side->received + i);
        }
        side->received += count;
    }
}

static bool talk_goes_on(void)
{
    struct side *caller = &talk.sides[0];
    struct side *called = &talk.sides[1];

    side_send(caller);
    side_receive(caller, called->seed);
    if (!talk.is_accepted) {
        talk.is_accepted = socket_accept(called->client, talk.listener, &called->socket) == ERR_OK;
        return false;
    }
    side_send(called);
    side_receive(called, caller->seed);
    return caller->received == BYTES && called->received == BYTES;
}

static bool half_of_it(void)
{
    (void)talk_goes_on();
    return talk.sides[1].received > BYTES / 2;
}

static bool is_listening(void)
{
    return socket_state_of(&clients[1], talk.listener) == ERR_OK;
}

static void talk_begin(struct socket_address to)
{
    memset(&talk, 0, sizeof(talk));
    talk.sides[0] = (struct side){ .client = &clients[0], .seed = 1 };
    talk.sides[1] = (struct side){ .client = &clients[1], .seed = 77777 };
    CHECK_EQ(socket_listen(&clients[1], PORT, 4, &talk.listener), ERR_OK, "a number");
    CHECK(bench_until(is_listening), "it listens");
    CHECK_EQ(socket_connect(&clients[0], &to, PORT, &talk.sides[0].socket), ERR_OK, "a number");
}

static void talk_whole(struct socket_address to)
{
    talk_begin(to);
    CHECK(bench_until(talk_goes_on), "all arrives on both sides");
    bench_steps(50);
    for (uint32_t i = 0; i < 2; i++) {
        const struct side *side = &talk.sides[i];
        const struct socket_record *record = &side->client->sockets[side->socket];

        CHECK_EQ(side->wrong, 0, "as it was sent");
        CHECK_EQ(record->received, BYTES, "positions are absolute");
        CHECK_EQ(record->written, BYTES, "positions are absolute");
        CHECK_EQ(socket_unsent(side->client, side->socket), 0, "all was acknowledged");
        CHECK(socket_is_at_end(side->client, side->socket), "each hears the other's end");
        CHECK_EQ(side->client->refused, 0, "the server told no lies");
        socket_close(side->client, side->socket);
    }
    socket_close(&clients[1], talk.listener);
    bench_steps(50);
    CHECK_EQ(peers_refused(), 0, "nor did the clients");
}

TEST(streams_over_the_loopback_of_ipv4)
{
    bench_start();
    talk_whole(loopback());
}

TEST(streams_over_the_loopback_of_ipv6)
{
    bench_start();
    talk_whole((struct socket_address){ { [15] = 1 } });
}

static uint32_t count_of(bool (*is)(const struct tcp_pcb *))
{
    uint32_t count = 0;

    for (const struct tcp_pcb *pcb = tcp_active_pcbs; pcb != NULL; pcb = pcb->next) {
        count += is(pcb);
    }
    return count;
}

static bool is_prompt(const struct tcp_pcb *pcb)
{
    return tcp_nagle_disabled(pcb);
}

static bool is_kept_alive(const struct tcp_pcb *pcb)
{
    return ip_get_option(pcb, SOF_KEEPALIVE) != 0;
}

TEST(wishes_that_are_no_end)
{
    bench_start();
    talk_begin(loopback());
    CHECK(bench_until(half_of_it), "it goes on");
    CHECK_EQ(count_of(is_prompt) + count_of(is_kept_alive), 0, "nobody asked for anything");
    socket_want(&clients[0], talk.sides[0].socket, SOCKET_NO_DELAY);
    socket_want(&clients[1], talk.sides[1].socket, SOCKET_KEEP_ALIVE);
    bench_steps(5);
    CHECK_EQ(count_of(is_prompt), 1, "one did");
    CHECK_EQ(count_of(is_kept_alive), 1, "and the other");
    CHECK(bench_until(talk_goes_on), "and all goes on");
    CHECK_EQ(talk.sides[0].wrong + talk.sides[1].wrong, 0, "as it was sent");
}

/* --- Datagrams --- */

static bool is_open(uint32_t client, uint32_t socket)
{
    return socket_state_of(&clients[client], socket) == ERR_OK;
}

static void datagrams_over(struct socket_address to)
{
    uint8_t data[3000];
    uint8_t got[3000];
    uint32_t from, into;

    CHECK_EQ(socket_datagrams(&clients[0], 0, &from), ERR_OK, "a number");
    CHECK_EQ(socket_datagrams(&clients[1], 53, &into), ERR_OK, "a number");
    bench_steps(10);
    CHECK(is_open(0, from) && is_open(1, into), "both are open");
    for (uint32_t i = 0; i < 300 && !test_has_failed(); i++) {
        uint32_t bytes = test_random(sizeof(data));
        struct socket_datagram header = { .bytes = bytes, .port = 53, .address = to };

        memset(data, (int)i, sizeof(data));
        CHECK_EQ(socket_datagram_send(&clients[0], from, data, &header), ERR_OK, "it goes");
        bench_steps(4);
        CHECK_EQ(socket_datagram_receive(&clients[1], into, got, sizeof(got), &header), ERR_OK,
                 "it comes");
        CHECK_EQ(header.bytes, bytes, "all of it");
        CHECK(memcmp(data, got, bytes) == 0, "as sent");
        CHECK_EQ(header.port, clients[0].sockets[from].port, "from the port that was said");
    }
    socket_close(&clients[0], from);
    socket_close(&clients[1], into);
    bench_steps(10);
}

TEST(datagrams_over_both_loopbacks)
{
    bench_start();
    datagrams_over(loopback());
    datagrams_over((struct socket_address){ { [15] = 1 } });
}

/* --- Deaths: a new epoch is a new server for the client, and a new client for the server --- */

static bool caller_is_gone(void)
{
    return socket_state_of(&clients[0], talk.sides[0].socket) == ERR_GONE;
}

static bool called_is_gone(void)
{
    return socket_state_of(&clients[1], talk.sides[1].socket) == ERR_GONE;
}

TEST(a_new_epoch_resets_connections_and_listeners_come_back)
{
    struct socket_address to = loopback();
    struct quota_use use;

    for (uint32_t dies = 0; dies < 2; dies++) {
        bench_start();
        talk_begin(to);
        CHECK(bench_until(half_of_it), "it goes on");
        fake_epoch_begin(dies);
        CHECK(bench_until(caller_is_gone), "the caller hears of it");
        CHECK(bench_until(called_is_gone), "and the called one");
        CHECK(bench_until(is_listening), "the listener is there, or there again");
        CHECK_EQ(clients[dies].epochs, 1, "once");
        socket_close(&clients[0], talk.sides[0].socket);
        socket_close(&clients[1], talk.sides[1].socket);
        CHECK_EQ(socket_connect(&clients[0], &to, PORT, &talk.sides[0].socket), ERR_OK, "a number");
        talk.is_accepted = false;
        memset(&talk.sides[0].sent, 0, 3 * sizeof(uint64_t));
        memset(&talk.sides[1].sent, 0, 3 * sizeof(uint64_t));
        CHECK(bench_until(talk_goes_on), "and all goes as before");
        CHECK_EQ(talk.sides[0].wrong + talk.sides[1].wrong, 0,
                 "with nothing of the old connection");
    }
    bench_start();
    sim_pass(200 * 1000);
    for (uint32_t i = 0; i < QUOTA_CLIENTS * QUOTA_KINDS; i++) {
        CHECK(quota_use(i % QUOTA_KINDS, i / QUOTA_KINDS, &use), "there is such a one");
        CHECK_EQ(use.used, 0, "nothing is left of the dead");
    }
}

/* --- Lies --- */

TEST(one_that_lies_loses_its_sockets_and_nobody_else_notices)
{
    static struct raw raw;
    uint64_t before;

    bench_start();
    raw_start(&raw, RAW);
    before = peers_refused();
    talk_begin(loopback());
    CHECK(bench_until(half_of_it), "others work");
    for (uint32_t i = 0; i < 10; i++) {
        raw_ask(&raw, (struct socket_request){ .operation = SOCKET_LISTEN,
                                               .socket = i,
                                               .life = 1,
                                               .port = 3000 + i,
                                               .number = 4 });
    }
    raw_steps(&raw, 5);
    CHECK_EQ(raw.opened, 10, "it has ten");
    raw_ask(&raw, (struct socket_request){ .operation = SOCKET_LISTEN, .socket = SOCKETS_MAX });
    raw_steps(&raw, 5);
    CHECK_EQ(raw.errors[ERR_BAD_CALL], 10, "they end, and it is told why");
    CHECK_EQ(peers_refused(), before + 1, "counted");
    *(uint64_t *)session_data(&raw.session) = 1;
    memset((void *)raw.session.base, 0xa5, SESSION_DATA); /* the rings themselves */
    bench_steps(5);
    CHECK(bench_until(talk_goes_on), "others go on");
    CHECK_EQ(talk.sides[0].wrong + talk.sides[1].wrong, 0, "all is as it was sent");
    CHECK_EQ(clients[0].refused + clients[1].refused, 0, "and nobody told them lies");
    memset((void *)raw.session.base, 0, SESSION_DATA);
}

/* --- A machine on a link without a way to others --- */

TEST(what_cannot_be_reached_is_told)
{
    struct socket_address group = { { [10] = 0xff, [11] = 0xff, [12] = 224, [15] = 1 } };
    struct socket_address to = ipv4(0, 77);
    struct netif *link = netif_default;
    uint32_t socket;

    bench_start();
    netif_set_default(NULL);
    CHECK_EQ(socket_connect(&clients[0], &to, 9, &socket), ERR_OK, "a number");
    bench_steps(10);
    CHECK_EQ(socket_state_of(&clients[0], socket), ERR_IO, "there is no link");
    socket_close(&clients[0], socket);
    to = (struct socket_address){ { 0xfe, 0x80, [15] = 9 } };
    CHECK_EQ(socket_connect(&clients[0], &to, 9, &socket), ERR_OK, "a number");
    bench_steps(10);
    CHECK_EQ(socket_state_of(&clients[0], socket), ERR_IO, "nor one for its own addresses");
    socket_close(&clients[0], socket);
    netif_set_default(link);
    CHECK_EQ(socket_connect(&clients[0], &group, 9, &socket), ERR_OK, "a number");
    bench_steps(10);
    CHECK(!is_open(0, socket), "nobody connects to a group");
    socket_abort(&clients[0], socket);
    bench_steps(10);
}
