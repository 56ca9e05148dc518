/* SPDX-License-Identifier: MIT */
/*
 * TCP over the loopback interface between two programs, counted between marks: docs/bench.md says what each row measures.
 * Arguments: `peer`: be the side that listens.
 */
#include "bench_net.h"

#include "marks/marks.h"
#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/kernel_calls.h"
#include "pith/net_calls.h"
#include "pith/self.h"
#include "pith/start.h"
#include "pith/string.h"
#include "system/protocol.h"

#include "abi/names.h"

/* Between two turns: so nobody's budget is used up, which is a thing of its own. */
#define PAUSE_NS (100 * NS_PER_US)
#define PAUSE_BULK_NS (20 * NS_PER_MS)

/* Those of bench/rows.tsv. */
enum row { ROW_PINGPONG = 0, ROW_BULK = 1 };

enum {
    WARM_UP = 100,
    PINGPONG_TURNS = 2000,
    BULK_TURN = 1024 * 1024, /* bytes */
    BULK_WARM_UP = 2,
    BULK_TURNS = 20,
    CONNECT_TRIES = 100,
    SEGMENTS_PINGPONG = 2, /* of one turn, at least: there and back */
    STATUS_SUCCESS = 0x10, /* what the emulator takes as success: tools/qemu.py */
};

static struct socket_client client;
static struct service service;

void must(err_t err, const char *what)
{
    if (err) {
        debug_printf("FAIL bench_net: %s: wanted: OK got: %s\n", what, error_name(err));
        program_exit(1);
    }
}

void net_open(struct socket_client *into)
{
    uint32_t number;

    must(session_find("net", false, 0, &number), "a network");
    must(socket_client_open(into, number, RING_BYTES), "its session");
}

void net_wait(struct socket_client *one, struct service *waiting)
{
    if (service_wait(waiting, socket_rest(one) ? DEADLINE_NEVER : 0) == SERVICE_CALL) {
        waiting->info = MSG_INFO(ERR_BAD_CALL, 0, 0);
    }
    (void)socket_poll(one);
}

/* The peer may not listen yet. */
static uint32_t connect_to(uint32_t port)
{
    static const struct socket_address here = {
        .bytes = { [10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1 }
    };
    uint32_t socket = 0;
    err_t err = ERR_GONE;

    for (uint32_t i = 0; i < CONNECT_TRIES && err != ERR_OK; i++) {
        must(socket_connect(&client, &here, port, &socket), "connect");
        do {
            net_wait(&client, &service);
            err = socket_state_of(&client, socket);
        } while (err == ERR_WOULD_BLOCK);
        if (err) {
            socket_close(&client, socket);
            sleep_until(clock_now() + 10 * NS_PER_MS);
        }
    }
    must(err, "a connection");
    return socket;
}

static uint64_t segments(void)
{
    uint64_t sent = 0;
    uint64_t received;

    must(net_segments(self_cap("net"), clock_now() + NS_PER_S, &sent, &received), "segments");
    return sent;
}

/* One byte there and back. */
static uint8_t ping(uint32_t socket, uint8_t byte)
{
    size_t done = 0;
    uint8_t back = 0;
    err_t err = socket_send(&client, socket, &byte, 1, &done);

    must(done != 1 ? ERR_IO : err, "send");
    while ((err = socket_receive(&client, socket, &back, 1, &done)) == ERR_WOULD_BLOCK) {
        net_wait(&client, &service);
    }
    must(done != 1 ? ERR_IO : err, "receive");
    return back;
}

static void bench_pingpong(void)
{
    uint32_t socket = connect_to(PORT_ECHO);

    for (uint32_t i = 0; i < WARM_UP; i++) {
        (void)ping(socket, (uint8_t)i);
    }
    uint64_t before = segments();

    for (uint32_t i = 0; i < PINGPONG_TURNS; i++) {
        MARK_BEGIN(ROW_PINGPONG);
        uint8_t back = ping(socket, (uint8_t)i);

        MARK_END(ROW_PINGPONG);
        must(back != (uint8_t)i ? ERR_IO : ERR_OK, "the right byte");
        sleep_until(clock_now() + PAUSE_NS);
    }
    uint64_t count = segments() - before;

    debug_printf("note: %lu segments for %u turns of one byte\n", (unsigned long)count,
                 PINGPONG_TURNS);
    must(count < (uint64_t)SEGMENTS_PINGPONG * PINGPONG_TURNS ? ERR_RANGE : ERR_OK,
         "segments by TCP");
    socket_abort(&client, socket);
}

static void bulk_turn(uint32_t socket)
{
    const void *data;

    for (size_t got = 0; got < BULK_TURN;) {
        size_t count = socket_received(&client, socket, &data);
        size_t left = BULK_TURN - got;

        count = count < left ? count : left;
        if (count == 0) {
            must(socket_state_of(&client, socket), "bulk");
            net_wait(&client, &service);
        }
        socket_consume(&client, socket, count);
        got += count;
    }
}

static void bench_bulk(void)
{
    uint32_t socket = connect_to(PORT_SOURCE);
    uint64_t before = segments();

    for (uint32_t i = 0; i < BULK_WARM_UP; i++) {
        bulk_turn(socket);
    }
    for (uint32_t i = 0; i < BULK_TURNS; i++) {
        MARK_BEGIN(ROW_BULK);
        bulk_turn(socket);
        MARK_END(ROW_BULK);
        sleep_until(clock_now() + PAUSE_BULK_NS);
    }
    debug_printf("note: %lu segments for %u MiB\n", (unsigned long)(segments() - before),
                 BULK_TURNS + BULK_WARM_UP);
    socket_abort(&client, socket);
}

int main(void)
{
    uint64_t words[8] = { STATUS_SUCCESS };
    msg_info_t info = MSG_INFO(SYSTEM_POWER_OFF, 8, 0);

    net_open(&client);
    if (strcmp(self_args(), "peer") == 0) {
        peer_run(&client, &service);
    }
    bench_pingpong();
    bench_bulk();
    debug_printf("the benchmarks of the network are done\n");
    must(ipc_call(self_cap("system"), &info, words, DEADLINE_NEVER), "power off");
    return 0;
}
