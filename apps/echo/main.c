/* SPDX-License-Identifier: MIT */
/*
 * Sends back whatever it is sent, over TCP and UDP, at the port in its arguments (7). The template for programs that
 * serve the network: everything is one loop, and nothing waits but service_wait().
 */
#include "pith/debug.h"
#include "pith/self.h"
#include "pith/string.h"
#include "service/service.h"
#include "socket/client.h"

#include "abi/names.h"

enum { RING_BYTES = 32768, BACKLOG = 16, PORT = 7, DATAGRAM_BYTES = 2048 };

static struct socket_client client;
static uint32_t listener;
static uint32_t datagrams;

static uint32_t port_read(const char *text)
{
    uint32_t port = 0;

    while (*text >= '0' && *text <= '9' && port < UINT16_MAX) {
        port = port * 10 + (uint32_t)(*text++ - '0');
    }
    return port == 0 ? PORT : port;
}

/* As much as came and as there is room for. */
static bool piece_echo(uint32_t socket)
{
    const void *from;
    void *to;
    size_t count = socket_received(&client, socket, &from);
    size_t room = socket_room(&client, socket, &to);

    count = count < room ? count : room;
    if (count == 0) {
        return false;
    }
    memcpy(to, from, count);
    socket_consume(&client, socket, count);
    socket_commit(&client, socket, count);
    return true;
}

static void stream_serve(uint32_t socket)
{
    const void *rest;

    while (piece_echo(socket)) {
    }
    if (socket_is_at_end(&client, socket) && socket_received(&client, socket, &rest) == 0) {
        socket_shut(&client, socket);
    }
    err_t err = socket_state_of(&client, socket);

    if (err != ERR_OK && err != ERR_WOULD_BLOCK) {
        socket_close(&client, socket);
    }
}

static void datagrams_serve(void)
{
    static uint8_t data[DATAGRAM_BYTES];
    struct socket_datagram datagram;

    while (socket_datagram_receive(&client, datagrams, data, sizeof(data), &datagram) == ERR_OK) {
        if (datagram.bytes <= sizeof(data)) {
            (void)!socket_datagram_send(&client, datagrams, data, &datagram);
        }
    }
}

static void connections_accept(void)
{
    static bool was_open;
    bool is_open = socket_state_of(&client, listener) == ERR_OK;
    uint32_t socket;

    if (is_open && !was_open) {
        debug_printf("echo: listening\n");
    }
    was_open = is_open;
    while (socket_accept(&client, listener, &socket) == ERR_OK) {
    }
}

static void news_handle(uint32_t socket)
{
    if (socket == listener) {
        connections_accept();
    } else if (socket == datagrams) {
        datagrams_serve();
    } else {
        stream_serve(socket);
    }
}

static err_t start(uint32_t port)
{
    uint32_t number;
    err_t err = session_find("net", false, 0, &number);

    if (err == ERR_OK) {
        err = socket_client_open(&client, number, RING_BYTES);
    }
    if (err == ERR_OK) {
        err = socket_listen(&client, port, BACKLOG, &listener);
    }
    return err ? err : socket_datagrams(&client, port, &datagrams);
}

int main(void)
{
    static struct service service;
    err_t err = start(port_read(self_args()));

    if (err) {
        debug_printf("echo: %s\n", error_name(err));
        return 1;
    }
    for (;;) {
        for (uint64_t news = socket_poll(&client); news != 0; news &= news - 1) {
            news_handle((uint32_t)__builtin_ctzll(news));
        }
        if (service_wait(&service, socket_rest(&client) ? DEADLINE_NEVER : 0) == SERVICE_CALL) {
            service.info = MSG_INFO(ERR_BAD_CALL, 0, 0);
        }
    }
}
