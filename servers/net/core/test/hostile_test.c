/* SPDX-License-Identifier: MIT */
/*
 * Clients that keep no rule, hostile packets from the link and deaths, all at once: two others, who transfer over loopback, must
 * not notice, and when all is over nothing may be left. TEST_SEED=random runs it anew.
 */
#include <string.h>

#include "block_fake/fake.h"
#include "host_test/test.h"
#include "lwip/stats.h"
#include "net_bench/bench.h"
#include "net_core/net.h"
#include "net_packets/packet.h"

enum {
    ROUNDS = 6,
    STEPS = 1500,
    FIRST = CLIENTS,
    HOSTILE = 4,
    PORT = 600,
    LINGER_MS = 400 * 1000,
    INDEX_WORDS = 32
};

static struct session sessions[HOSTILE];

/* The two that keep the rules: bytes by their position. */
static struct {
    uint32_t listener, caller, called;
    bool is_accepted;
    uint64_t sent, received, wrong;
} good;

static void good_begin(void)
{
    struct socket_address to = loopback();

    memset(&good, 0, sizeof(good));
    CHECK_EQ(socket_listen(&clients[1], PORT, 4, &good.listener), ERR_OK, "a number");
    bench_steps(10);
    CHECK_EQ(socket_connect(&clients[0], &to, PORT, &good.caller), ERR_OK, "a number");
}

static void good_go_on(void)
{
    uint8_t bytes[1000];
    size_t count;

    for (uint32_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)((good.sent + i) * 13 >> 4);
    }
    if (socket_send(&clients[0], good.caller, bytes, sizeof(bytes), &count) == ERR_OK) {
        good.sent += count;
    }
    good.is_accepted =
        good.is_accepted || socket_accept(&clients[1], good.listener, &good.called) == ERR_OK;
    if (good.is_accepted &&
        socket_receive(&clients[1], good.called, bytes, sizeof(bytes), &count) == ERR_OK) {
        for (size_t i = 0; i < count; i++) {
            good.wrong += bytes[i] != (uint8_t)((good.received + i) * 13 >> 4);
        }
        good.received += count;
    }
}

/* --- Those that do not --- */

static struct socket_address address_random(void)
{
    struct socket_address address = loopback();

    switch (test_random(6)) {
    case 0:
        return ipv4(0, (uint8_t)test_random(256));
    case 1:
        return (struct socket_address){ { [15] = (uint8_t)test_random(3) } };
    case 2:
        return (struct socket_address){ { 0xfe, 0x80, [15] = (uint8_t)test_random(4) } };
    case 3:
        address.bytes[test_random(16)] = (uint8_t)test_random(256);
        return address;
    default:
        return address;
    }
}

static void request_send(struct session *session)
{
    struct socket_request request = {
        .operation = 1 + test_random(6),
        .socket = test_random(10),
        .life = test_random(3),
        .flags = test_random(3) == 0 ? test_random(32) : 0,
        .consumed = test_random(3) == 0 ? test_random(9000) : 0,
        .written = test_random(2) == 0 ? test_random(9000) : 0,
        .offset = test_random(12) * 4096,
        .bytes = 4096u << test_random(3),
        .port = 1000 + test_random(20),
        .number = test_random(10),
        .address = address_random(),
    };
    uint64_t words[sizeof(request) / 8];

    /* Others' port is taken; who calls there, and as often as it likes, is for its owner to bear. */
    if (request.operation == SOCKET_LISTEN && test_random(3) == 0) {
        request.port = PORT;
    }
    if (test_random(5) == 0) {
        memcpy(words, &request, sizeof(request));
        words[test_random(sizeof(request) / 8)] = test_random64() >> test_random(64);
        memcpy(&request, words, sizeof(request));
    }
    (void)!session_send(session, &request);
    session_flush(session);
}

/* Rings' indices, entries, headers of datagrams, data: anything. */
static void scribble(struct session *session)
{
    uint64_t *words = (uint64_t *)session->base;
    uint32_t limit = test_random(2) == 0
                         ? INDEX_WORDS
                         : (SESSION_DATA + FAKE_DATA_BYTES) / (uint32_t)sizeof(*words);

    words[test_random(limit)] = test_random64() >> test_random(64);
}

static void hostile_go_on(uint32_t number)
{
    struct session *session = &sessions[number];
    struct socket_state state;

    if (test_random(200) == 0) {
        fake_epoch_begin(FIRST + number);
        (void)!session_open(session, FAKE_CLIENT + FIRST + number);
        (void)!session_send(session, &(struct socket_request){ .operation = SOCKET_BEGIN });
    }
    for (uint32_t i = test_random(8); i > 0; i--) {
        request_send(session);
    }
    if (test_random(30) == 0) {
        scribble(session);
    }
    for (uint32_t i = 0; i < 2 * SESSION_SLOTS && session_receive(session, &state) == ERR_OK; i++) {
    }
    (void)session_rest(session);
    peers_heard(UINT64_MAX);
}

static void packets_come(void)
{
    struct packet packet;

    for (uint32_t i = test_random(5); i > 0; i--) {
        packet_make(&packet);
        packet_mutate(&packet);
        sim_inject(&us, packet.bytes, packet.length);
    }
}

static uint64_t used(void)
{
    static const int pools[] = {
        MEMP_TCP_PCB, MEMP_TCP_PCB_LISTEN, MEMP_TCP_SEG,   MEMP_UDP_PCB,
        MEMP_PBUF,    MEMP_PBUF_POOL,      MEMP_REASSDATA, MEMP_ARP_QUEUE
    };
    uint64_t sum = 0;

    for (uint32_t i = 0; i < sizeof(pools) / sizeof(pools[0]); i++) {
        sum += memp_pools[pools[i]]->stats->used;
    }
    return sum;
}

static void nothing_is_left(uint64_t before)
{
    struct quota_use use;

    bench_start(); /* all are successors that want nothing */
    sim_pass(LINGER_MS);
    bench_steps(5);
    for (uint32_t i = 0; i < QUOTA_CLIENTS * QUOTA_KINDS; i++) {
        CHECK(quota_use(i % QUOTA_KINDS, i / QUOTA_KINDS, &use), "there is such a one");
        CHECK_EQ(use.used, 0, "each has given back what it had");
    }
    CHECK_EQ(used(), before, "and so has the stack");
}

TEST(hostile_clients_and_packets_harm_nobody)
{
    for (uint32_t round = 0; round < ROUNDS && !test_has_failed(); round++) {
        bench_start();
        sim_pass(LINGER_MS);
        uint64_t before = used();
        uint64_t refused = peers_refused();

        for (uint32_t i = 0; i < HOSTILE; i++) {
            fake_epoch_begin(FIRST + i);
            CHECK_EQ(session_open(&sessions[i], FAKE_CLIENT + FIRST + i), ERR_OK, "it opens");
        }
        good_begin();
        for (uint32_t step = 0; step < STEPS; step++) {
            for (uint32_t i = 0; i < HOSTILE; i++) {
                hostile_go_on(i);
            }
            packets_come();
            bench_step();
            good_go_on();
        }
        CHECK(good.received > 3000, "the others go on");
        CHECK_EQ(good.wrong, 0, "with what they sent");
        CHECK_EQ(socket_state_of(&clients[0], good.caller), ERR_OK, "without a reset");
        CHECK_EQ(clients[0].refused + clients[1].refused, 0, "and without a lie of the server");
        CHECK(peers_refused() > refused + 50, "who lied was refused");
        nothing_is_left(before);
    }
}
