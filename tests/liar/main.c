/* SPDX-License-Identifier: MIT */
/*
 * A client of the network server that keeps no rule: requests of any numbers, half of them nearly right, and any bytes in the
 * rings' indices. tests/scenario/net.py starts it and sees that others do not notice. Argument: how many requests.
 */
#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/kernel_calls.h"
#include "pith/net_calls.h"
#include "pith/self.h"
#include "pith/string.h"
#include "service/service.h"
#include "service/session.h"
#include "socket/wire.h"

#include "abi/names.h"

enum { REQUESTS_PER_WAIT = 40, SCRIBBLE_IN = 200, PORTS = 40 };

#define WAIT_NS 1000000ull

static struct session session;
static uint64_t state = 1;

/* SplitMix64. */
static uint64_t random64(void)
{
    uint64_t mixed = state += 0x9e3779b97f4a7c15u;

    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

static uint32_t below(uint32_t limit)
{
    return (uint32_t)(((random64() >> 32) * limit) >> 32);
}

/* Allowed, but for what is random in it. */
static struct socket_request request_make(void)
{
    struct socket_request request = {
        .operation = 1 + below(6),
        .socket = below(8),
        .life = below(3),
        .flags = below(4) == 0 ? below(8) : 0,
        .consumed = below(3) == 0 ? below(100000) : 0,
        .written = below(2) == 0 ? below(9000) : 0,
        .offset = below(100) * 4096,
        .bytes = 4096u << below(3),
        .port = 1000 + below(PORTS),
        .number = 1 + below(8),
        .address = { { [10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1 } },
    };
    uint64_t words[sizeof(request) / 8];

    if (below(4) == 0) {
        memcpy(words, &request, sizeof(request));
        words[below(sizeof(request) / 8)] = random64() >> below(64);
        memcpy(&request, words, sizeof(request));
    }
    return request;
}

/* Anything, anywhere in the shared memory: rings and data. */
static void scribble(void)
{
    uint64_t *words = (uint64_t *)session.base;
    uint64_t bytes = below(2) == 0 ? 256 : session.info->bytes;

    words[below((uint32_t)(bytes / 8))] = random64() >> below(64);
}

static uint64_t number_read(const char *text)
{
    uint64_t number = 0;

    while (*text >= '0' && *text <= '9') {
        number = number * 10 + (uint64_t)(*text++ - '0');
    }
    return number;
}

/* What the server says that it has refused. */
static uint64_t refused_get(void)
{
    uint64_t received;
    uint64_t sent;
    uint64_t dropped;
    uint64_t connections;
    uint64_t refused = 0;
    uint64_t epochs;

    (void)!net_counts(self_cap("net"), clock_now() + NS_PER_S, &received, &sent, &dropped,
                      &connections, &refused, &epochs);
    return refused;
}

int main(void)
{
    static struct service service;
    struct socket_state answer;
    uint64_t requests = number_read(self_args());
    uint64_t answers = 0;
    uint32_t number = 0;
    err_t err = session_find("net", false, 0, &number);

    if (err == ERR_OK) {
        err = session_open(&session, number);
    }
    for (uint64_t i = 0; err == ERR_OK && i < requests; i++) {
        struct socket_request request = request_make();

        (void)!session_send(&session, &request);
        if (below(SCRIBBLE_IN) == 0) {
            scribble();
        }
        while (session_receive(&session, &answer) == ERR_OK) {
            answers++;
        }
        if (i % REQUESTS_PER_WAIT == 0) {
            (void)session_rest(&session);
            (void)!notification_signal(session.info->bell);
            if (service_wait(&service, clock_now() + WAIT_NS) == SERVICE_CALL) {
                service.info = MSG_INFO(ERR_BAD_CALL, 0, 0);
            }
        }
    }
    debug_printf("liar: %s, %lu answers, %lu refused\n", error_name(err), (unsigned long)answers,
                 (unsigned long)refused_get());
    return 0;
}
