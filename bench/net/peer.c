/* SPDX-License-Identifier: MIT */
/* The side that listens. What the source sends is what lies in its ring: no more work than a write() of the same buffer. */
#include "bench_net.h"

#include "pith/string.h"

enum { BACKLOG = 4 };

static uint32_t echo_listener;
static uint32_t source_listener;
static uint64_t sources; /* bits of sockets that send without end */

static void accept_all(struct socket_client *client, uint32_t listener, bool is_source)
{
    uint32_t socket;

    while (socket_accept(client, listener, &socket) == ERR_OK) {
        sources &= ~(1ull << socket);
        sources |= (uint64_t)is_source << socket;
    }
}

static void echo(struct socket_client *client, uint32_t socket)
{
    const void *from;
    void *to;

    for (;;) {
        size_t count = socket_received(client, socket, &from);
        size_t room = socket_room(client, socket, &to);

        count = count < room ? count : room;
        if (count == 0) {
            return;
        }
        memcpy(to, from, count);
        socket_consume(client, socket, count);
        socket_commit(client, socket, count);
    }
}

static void fill(struct socket_client *client, uint32_t socket)
{
    void *to;
    size_t room;

    while ((room = socket_room(client, socket, &to)) != 0) {
        socket_commit(client, socket, room);
    }
}

static void serve(struct socket_client *client, uint32_t socket)
{
    if (sources & 1ull << socket) {
        fill(client, socket);
    } else {
        echo(client, socket);
    }
    err_t err = socket_state_of(client, socket);

    if (socket_is_at_end(client, socket) || (err != ERR_OK && err != ERR_WOULD_BLOCK)) {
        socket_abort(client, socket);
    }
}

_Noreturn void peer_run(struct socket_client *client, struct service *service)
{
    must(socket_listen(client, PORT_ECHO, BACKLOG, &echo_listener), "listen");
    must(socket_listen(client, PORT_SOURCE, BACKLOG, &source_listener), "listen");
    for (;;) {
        for (uint64_t news = socket_poll(client); news != 0; news &= news - 1) {
            uint32_t socket = (uint32_t)__builtin_ctzll(news);

            if (socket == echo_listener || socket == source_listener) {
                accept_all(client, socket, socket == source_listener);
            } else {
                serve(client, socket);
            }
        }
        if (service_wait(service, socket_rest(client) ? DEADLINE_NEVER : 0) == SERVICE_CALL) {
            service->info = MSG_INFO(ERR_BAD_CALL, 0, 0);
        }
    }
}
