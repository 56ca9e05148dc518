/* SPDX-License-Identifier: MIT */
/*
 * The network server. Each thing that socket/wire.h does not allow: what is only wrong gets an error, in the state of the socket; what
 * no honest client does ends all its sockets. attack_net_greedy() keeps the rules, and takes all there is.
 */
#include "attacker.h"

#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/net_calls.h"
#include "pith/self.h"
#include "pith/string.h"
#include "service/service.h"
#include "service/session.h"
#include "socket/wire.h"

enum { GUARD = 63, FIRST_PORT = 4000, RING = SOCKET_RING_MIN, CALLS = 100, KINDS = 5, HELD = 60 };

#define ANSWER_NS (2 * NS_PER_S)
#define NONE UINT32_MAX /* nothing was said of that socket */

static struct session session;
static struct service service;
static struct socket_state last[SOCKETS_MAX];
static uint32_t lives[SOCKETS_MAX];
static uint32_t ports;
static bool has_begun;

static void hear(void)
{
    struct socket_state state;
    err_t err;

    while ((err = session_receive(&session, &state)) == ERR_OK || err == ERR_GONE) {
        if (err == ERR_OK && state.operation == SOCKET_BEGIN) {
            has_begun = true;
        } else if (err == ERR_OK && state.socket < SOCKETS_MAX) {
            last[state.socket] = state;
        }
    }
}

static void pause(ns_t deadline)
{
    if (session_rest(&session) && service_wait(&service, deadline) == SERVICE_CALL) {
        service.info = MSG_INFO(ERR_BAD_CALL, 0, 0);
    }
    hear();
}

static void send(const struct socket_request *request)
{
    (void)!session_send(&session, request);
    session_flush(&session);
}

/* Whether the present life of a socket has been said to be open, or to have ended. */
static bool was_said(uint32_t socket, uint32_t flags)
{
    return last[socket].life == lives[socket] && (last[socket].flags & flags) != 0;
}

static uint32_t said_of(uint32_t socket, uint32_t flags)
{
    ns_t end = clock_now() + ANSWER_NS;

    while (!was_said(socket, flags)) {
        if (clock_now() >= end) {
            return NONE;
        }
        pause(end);
    }
    return last[socket].error;
}

/* A new life of a socket, with that; gives how it came out. */
static err_t begin(struct socket_request request)
{
    request.life = ++lives[request.socket];
    send(&request);
    return (err_t)said_of(request.socket, SOCKET_IS_OPEN | SOCKET_HAS_ENDED);
}

static void end(uint32_t socket)
{
    send(&(struct socket_request){ .operation = SOCKET_UPDATE,
                                   .socket = socket,
                                   .life = lives[socket],
                                   .flags = SOCKET_ABORT });
    wants("a socket ends", ERR_OK, (err_t)said_of(socket, SOCKET_HAS_ENDED));
}

static struct socket_request with_rings(uint32_t operation)
{
    return (struct socket_request){
        .operation = operation,
        .bytes = RING,
        .port = 7,
        .address = { { [10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1 } },
    };
}

static void guard_begin(void)
{
    wants("a listener", ERR_OK,
          begin((struct socket_request){ .operation = SOCKET_LISTEN,
                                         .socket = GUARD,
                                         .port = FIRST_PORT + ports++ % 1000,
                                         .number = 1 }));
}

/* --- What is wrong, and answered --- */

static void wrong_numbers(void)
{
    uint32_t data = (uint32_t)session.data_bytes;
    const struct {
        const char *what;
        uint32_t operation, offset, bytes, port, number;
        err_t wanted;
    } cases[] = {
        { "listen at port 0", SOCKET_LISTEN, 0, 0, 0, 1, ERR_RANGE },
        { "listen at port 65536", SOCKET_LISTEN, 0, 0, 65536, 1, ERR_RANGE },
        { "listen for nobody", SOCKET_LISTEN, 0, 0, 9, 0, ERR_RANGE },
        { "listen for 65", SOCKET_LISTEN, 0, 0, 9, 65, ERR_RANGE },
        { "no ring", SOCKET_CONNECT, 0, 0, 7, 0, ERR_RANGE },
        { "half a ring", SOCKET_CONNECT, 0, RING / 2, 7, 0, ERR_RANGE },
        { "an odd ring", SOCKET_CONNECT, 0, RING * 3, 7, 0, ERR_RANGE },
        { "too large a ring", SOCKET_DATAGRAMS, 0, SOCKET_RING_MAX * 2, 9, 0, ERR_RANGE },
        { "the largest number", SOCKET_DATAGRAMS, 0, 1u << 31, 9, 0, ERR_RANGE },
        { "rings at an odd place", SOCKET_DATAGRAMS, 4, RING, 9, 0, ERR_RANGE },
        { "rings behind the data area", SOCKET_DATAGRAMS, data, RING, 9, 0, ERR_RANGE },
        { "one ring behind it", SOCKET_DATAGRAMS, data - RING, RING, 9, 0, ERR_RANGE },
        { "half a ring behind it", SOCKET_CONNECT, data - RING - 8, RING, 9, 0, ERR_RANGE },
        { "rings that wrap", SOCKET_CONNECT, UINT32_MAX - 7, RING, 9, 0, ERR_RANGE },
        { "connect to port 0", SOCKET_CONNECT, 0, RING, 0, 0, ERR_RANGE },
        { "connect to port 65536", SOCKET_CONNECT, 0, RING, 65536, 0, ERR_RANGE },
        { "datagrams at port 65536", SOCKET_DATAGRAMS, 0, RING, 65536, 0, ERR_RANGE },
        { "accept of nobody", SOCKET_ACCEPT, 0, RING, 0, 5, ERR_NO_ENTRY },
        { "accept of itself", SOCKET_ACCEPT, 0, RING, 0, 0, ERR_NO_ENTRY },
        { "accept of 64", SOCKET_ACCEPT, 0, RING, 0, 64, ERR_NO_ENTRY },
        { "accept of -1", SOCKET_ACCEPT, 0, RING, 0, UINT32_MAX, ERR_NO_ENTRY },
        { "a port that another has", SOCKET_LISTEN, 0, 0, 7, 1, ERR_BUSY },
    };

    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct socket_request request = with_rings(cases[i].operation);

        request.offset = cases[i].offset;
        request.bytes = cases[i].bytes;
        request.port = cases[i].port;
        request.number = cases[i].number;
        wants(cases[i].what, cases[i].wanted, begin(request));
    }
    wants("the rest was not touched", ERR_OK, (err_t)last[GUARD].error);
}

/* In the system of tests/scenario/attack.py the server has no link. */
static void wrong_addresses(void)
{
    static const struct {
        const char *what;
        struct socket_address address;
    } cases[] = {
        { "an address of a link that is not there", { { 0xfe, 0x80, [15] = 1 } } },
        { "a network that is not there", { { [10] = 0xff, [11] = 0xff, 10, 0, 0, 1 } } },
        { "a network of IPv6 that is not there", { { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } } },
        { "all of a link", { { [10] = 0xff, [11] = 0xff, 255, 255, 255, 255 } } },
        { "a group", { { [10] = 0xff, [11] = 0xff, 224, 0, 0, 1 } } },
        { "a group of IPv6", { { 0xff, 0x02, [15] = 1 } } },
    };

    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct socket_request request = with_rings(SOCKET_CONNECT);

        request.address = cases[i].address;
        wants(cases[i].what, ERR_IO, begin(request));
    }
}

/* --- What no honest client does --- */

static void ends_all(const char *what, const struct socket_request *request)
{
    send(request);
    wants(what, ERR_BAD_CALL, (err_t)said_of(GUARD, SOCKET_HAS_ENDED));
    guard_begin();
}

static void wrong_shapes(void)
{
    static const struct {
        const char *what;
        uint32_t operation, socket;
    } cases[] = {
        { "no operation", 0, 1 },
        { "a state", SOCKET_STATE, 1 },
        { "an operation that is none", 99, 1 },
        { "the largest operation", UINT32_MAX, 1 },
        { "socket 64", SOCKET_LISTEN, 64 },
        { "socket -1", SOCKET_UPDATE, UINT32_MAX },
        { "to begin again", SOCKET_BEGIN, 0 },
        { "a number in use", SOCKET_LISTEN, GUARD },
    };

    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct socket_request request = with_rings(cases[i].operation);

        request.socket = cases[i].socket;
        ends_all(cases[i].what, &request);
    }
}

static void wrong_positions(void)
{
    static const struct {
        const char *what;
        uint64_t consumed, written;
        struct socket_datagram header;
    } cases[] = {
        { "more than came", 1, 0, { 0 } },
        { "the end of all numbers", UINT64_MAX, 0, { 0 } },
        { "more than the ring holds", 0, RING + 8, { 0 } },
        { "much more", 0, UINT64_MAX, { 0 } },
        { "no whole datagram", 0, 16, { 0 } },
        { "an odd position", 0, 25, { 0 } },
        { "longer than what was written", 0, 32, { .bytes = 9, .port = 9 } },
        { "longer than any", 0, RING, { .bytes = UINT32_MAX - 7, .port = 9 } },
        { "to port 65536", 0, 24, { .port = 65536 } },
    };

    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct socket_request request = with_rings(SOCKET_DATAGRAMS);

        request.port = 0;
        wants("datagrams", ERR_OK, begin(request));
        memcpy((uint8_t *)session_data(&session) + RING, &cases[i].header, sizeof(cases[i].header));
        ends_all(cases[i].what, &(struct socket_request){ .operation = SOCKET_UPDATE,
                                                          .life = lives[0],
                                                          .consumed = cases[i].consumed,
                                                          .written = cases[i].written });
    }
}

/* A stream: what is written after its end, or goes back. */
static void wrong_streams(void)
{
    static const struct {
        const char *what;
        uint64_t first, then;
        uint32_t flags;
    } cases[] = {
        { "to write after the end", 10, 20, SOCKET_SHUT },
        { "to write after a close", 10, 20, SOCKET_CLOSE },
        { "to take back what was written", 100, 99, 0 },
        { "to wrap", 100, UINT64_MAX, 0 },
    };

    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct socket_request request = { .operation = SOCKET_UPDATE,
                                          .written = cases[i].first,
                                          .flags = cases[i].flags };

        wants("a connection", ERR_OK, begin(with_rings(SOCKET_CONNECT)));
        request.life = lives[0];
        (void)!session_send(&session, &request); /* both are there before the server looks */
        request.written = cases[i].then;
        ends_all(cases[i].what, &request);
    }
}

/* What comes too late is of no meaning, and no lie. */
static void late(void)
{
    struct socket_request request = { .operation = SOCKET_UPDATE, .written = UINT64_MAX };

    wants("a connection", ERR_OK, begin(with_rings(SOCKET_CONNECT)));
    end(0);
    request.life = lives[0];
    send(&request);
    request.life = lives[0] - 1;
    send(&request);
    wants("and now another", ERR_OK, begin(with_rings(SOCKET_CONNECT)));
    request.life = lives[0] + 1;
    send(&request);
    end(0);
    wants("the rest was not touched", ERR_OK, (err_t)last[GUARD].error);
    wants("nor ended", 0, was_said(GUARD, SOCKET_HAS_ENDED));
}

static void wrong_calls(uint32_t count)
{
    cap_addr_t server = self_cap("net");
    uint64_t high, low, refused;
    uint32_t prefix, flags, used, share, pool;

    wants("an address that is not there", ERR_RANGE,
          net_info(server, clock_now() + ANSWER_NS, 1000, &high, &low, &prefix, &flags));
    wants("an address far away", ERR_RANGE,
          net_info(server, clock_now() + ANSWER_NS, UINT32_MAX, &high, &low, &prefix, &flags));
    for (uint32_t kind = 0; kind < KINDS; kind++) {
        wants("a quota", ERR_OK,
              net_quota(server, clock_now() + ANSWER_NS, 0, kind, &used, &share, &pool, &refused));
        wants("of nobody", ERR_RANGE,
              net_quota(server, clock_now() + ANSWER_NS, 8, kind, &used, &share, &pool, &refused));
    }
    wants("of nothing", ERR_RANGE,
          net_quota(server, clock_now() + ANSWER_NS, 0, KINDS, &used, &share, &pool, &refused));
    for (uint32_t i = 0; i < count; i++) {
        uint64_t words[8];

        for (uint32_t j = 0; j < 8; j++) {
            words[j] = random64() >> below(64);
        }
        wants_listed("garbage", raw_call(server, below(2) == 0 ? below(12) : below(0xfff0), words));
    }
}

static bool start(void)
{
    uint32_t number = 0;
    err_t err = session_find("net", false, 0, &number);
    ns_t end_at = clock_now() + ANSWER_NS;

    if (err == ERR_OK) {
        err = session_open(&session, number);
    }
    wants("a session", ERR_OK, err);
    if (err) {
        return false;
    }
    send(&(struct socket_request){ .operation = SOCKET_LISTEN, .port = 9, .number = 1 });
    send(&(struct socket_request){ .operation = SOCKET_BEGIN, .life = 1 });
    while (!has_begun && clock_now() < end_at) {
        pause(end_at);
    }
    wants("to be asked before it begins", 0, !has_begun);
    return has_begun;
}

void attack_net(uint32_t count)
{
    if (!start()) {
        return;
    }
    guard_begin();
    wrong_numbers();
    wrong_addresses();
    wrong_shapes();
    wrong_positions();
    wrong_streams();
    late();
    wrong_calls(count);
}

void attack_net_greedy(void)
{
    uint32_t refused = 0;
    uint32_t open = 0;

    if (!start()) {
        return;
    }
    for (uint32_t i = 0; i < HELD; i++) {
        struct socket_request request = with_rings(i % 3 == 0 ? SOCKET_LISTEN : SOCKET_DATAGRAMS);

        request.socket = i;
        request.port = FIRST_PORT + i;
        request.number = SOCKET_BACKLOG_MAX;
        err_t err = begin(request);

        open += err == ERR_OK;
        refused += err == ERR_NO_MEMORY;
    }
    wants("all are open, or refused for want of room", 1, open + refused == HELD);
    wants("some are refused", 1, refused != 0);
    /* Connections to itself that nobody accepts, and that it closes and opens again; they linger. */
    debug_printf("attacker: holds %u sockets\n", open);
    for (uint32_t i = 0;; i++) {
        struct socket_request request = with_rings(SOCKET_CONNECT);

        request.socket = HELD + i % 4;
        request.port = FIRST_PORT + i % 7 * 3;
        request.life = ++lives[request.socket];
        send(&request);
        request.operation = SOCKET_UPDATE;
        request.flags = i % 3 == 0 ? SOCKET_ABORT : SOCKET_CLOSE;
        (void)said_of(request.socket, SOCKET_IS_OPEN | SOCKET_HAS_ENDED);
        if (!was_said(request.socket, SOCKET_HAS_ENDED)) {
            send(&request);
            (void)said_of(request.socket, SOCKET_HAS_ENDED);
        }
    }
}
