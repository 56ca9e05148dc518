/* SPDX-License-Identifier: MIT */
#include "net_bench/bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block_fake/fake.h"
#include "host_test/test.h"
#include "net_core/net.h"
#include "pith/debug.h"

enum { ROUNDS_MOST = 60000 };

struct socket_client clients[CLIENTS];
struct sim_end us, other;

void debug_printf(const char *text, ...)
{
    va_list list;

    va_start(list, text);
    if (getenv("V") != NULL) {
        (void)vprintf(text, list);
    }
    va_end(list);
}

void program_panic(const char *text, const char *file, unsigned line)
{
    printf("FAIL panic: %s at %s:%u\n", text, file, line);
    abort();
}

static void machines_start(void)
{
    static bool is_started;

    if (is_started) {
        return;
    }
    is_started = true;
    sim_start(1);
    fake_links_start();
    CHECK_EQ(peers_open(), ERR_OK, "all sessions open");
    sim_end_create(&us, 1);
    sim_end_create(&other, 2);
    sim_join(&us, &other);
    netif_set_default(&us.netif);
}

void bench_start(void)
{
    machines_start();
    sim_faults((struct sim_faults){ 0 });
    for (uint32_t i = 0; i < FAKE_LINKS; i++) {
        fake_epoch_begin(i);
    }
    for (uint32_t i = 0; i < CLIENTS; i++) {
        CHECK_EQ(socket_client_open(&clients[i], FAKE_CLIENT + i, RING), ERR_OK, "it opens");
    }
    peers_heard(UINT64_MAX);
    bench_steps(10);
}

void bench_step(void)
{
    (void)peers_work();
    sim_pass(1);
    (void)peers_rest();
    for (uint32_t i = 0; i < CLIENTS; i++) {
        (void)socket_poll(&clients[i]);
        (void)socket_rest(&clients[i]);
    }
}

void bench_steps(uint32_t count)
{
    while (count-- > 0) {
        bench_step();
    }
}

bool bench_until(bool (*is_done)(void))
{
    for (uint32_t i = 0; i < ROUNDS_MOST; i++) {
        bench_step();
        if (is_done()) {
            return true;
        }
    }
    return false;
}

struct socket_address loopback(void)
{
    return (struct socket_address){ { [10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1 } };
}

struct socket_address ipv4(uint8_t b, uint8_t c)
{
    return (struct socket_address){ { [10] = 0xff, [11] = 0xff, [12] = 10, [14] = b, [15] = c } };
}

void raw_start(struct raw *raw, uint32_t number)
{
    memset(raw, 0, sizeof(*raw));
    fake_epoch_begin(number);
    CHECK_EQ(session_open(&raw->session, FAKE_CLIENT + number), ERR_OK, "it opens");
    raw_ask(raw, (struct socket_request){ .operation = SOCKET_BEGIN, .life = 1 });
    bench_steps(3);
    raw_hear(raw);
}

void raw_ask(struct raw *raw, struct socket_request request)
{
    if (request.operation != SOCKET_LISTEN && request.operation != SOCKET_UPDATE) {
        request.bytes = FAKE_DATA_BYTES / 2;
    }
    while (session_send(&raw->session, &request) == ERR_WOULD_BLOCK) {
        session_flush(&raw->session);
        bench_step();
        raw_hear(raw);
    }
    session_flush(&raw->session);
}

void raw_hear(struct raw *raw)
{
    struct socket_state state;

    while (session_receive(&raw->session, &state) == ERR_OK) {
        if (state.operation != SOCKET_STATE || state.socket >= SOCKETS_MAX) {
            continue;
        }
        raw->last[state.socket] = state;
        raw->opened += (state.flags & SOCKET_IS_OPEN) != 0;
        raw->ended += (state.flags & SOCKET_HAS_ENDED) != 0;
        if ((state.flags & SOCKET_HAS_ENDED) != 0 && state.error < 16) {
            raw->errors[state.error]++;
        }
    }
    (void)session_rest(&raw->session);
}

void raw_steps(struct raw *raw, uint32_t count)
{
    while (count-- > 0) {
        bench_step();
        raw_hear(raw);
    }
}
