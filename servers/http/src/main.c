/* SPDX-License-Identifier: MIT */
/*
 * The web server: files over HTTP/1.1, at the port in its arguments (80). docs/web.md says how and why. Everything is
 * one loop; it looks for the warden's probes whenever it has worked for TURN_NS.
 */
#include "http.h"
#include "log/log.h"
#include "pith/debug.h"
#include "pith/self.h"
#include "service/service.h"

#include "abi/names.h"

enum { BACKLOG = 16, PORT = 80 };

struct web web;

static uint32_t listener;

static uint32_t port_read(const char *text)
{
    uint32_t port = 0;

    while (*text >= '0' && *text <= '9' && port < UINT16_MAX) {
        port = port * 10 + (uint32_t)(*text++ - '0');
    }
    return port == 0 ? PORT : port;
}

static void connections_accept(void)
{
    static bool was_open;
    bool is_open = socket_state_of(&web.sockets, listener) == ERR_OK;
    uint32_t socket;

    if (is_open && !was_open) {
        debug_printf("http: listening\n");
        log_write(LOG_INFO, "listening");
    }
    was_open = is_open;
    while (socket_accept(&web.sockets, listener, &socket) == ERR_OK) {
        if (!connection_begin(socket)) {
            socket_abort(&web.sockets, socket);
        }
    }
}

/* Wake those whose sockets have news. */
static void news_hear(void)
{
    uint64_t news = socket_poll(&web.sockets);

    if ((news & 1ull << listener) != 0) {
        connections_accept();
    }
    for (uint32_t i = 0; i < CONNECTIONS_MAX; i++) {
        struct connection *connection = &web.connections[i];

        if (connection->state != CONNECTION_FREE && (news & 1ull << connection->socket) != 0) {
            connection->wake = 0;
        }
    }
}

/* Serve all in turn, for TURN_NS. Gives when to go on; 0: at once. */
static ns_t connections_run(void)
{
    static uint32_t first;
    ns_t start = clock_now();
    ns_t wake = DEADLINE_NEVER;

    for (uint32_t i = 0; i < CONNECTIONS_MAX; i++) {
        struct connection *connection = &web.connections[(first + i) % CONNECTIONS_MAX];

        if (connection->state != CONNECTION_FREE && connection->wake <= start &&
            connection_run(connection)) {
            connection->wake = 0;
        }
        if (connection->state != CONNECTION_FREE && connection->wake < wake) {
            wake = connection->wake;
        }
        if (clock_now() - start >= TURN_NS) {
            first = (first + i + 1) % CONNECTIONS_MAX;
            return 0;
        }
    }
    return wake;
}

static err_t start(uint32_t port)
{
    uint32_t number;
    err_t err = session_find("net", false, 0, &number);

    if (err == ERR_OK) {
        err = socket_client_open(&web.sockets, number, RING_BYTES);
    }
    if (err == ERR_OK) {
        err = files_connect(&web.files);
    }
    web.files.patience_ns = CALL_NS;
    sources_open();
    return err ? err : socket_listen(&web.sockets, port, BACKLOG, &listener);
}

int main(void)
{
    static struct service service;
    err_t err = start(port_read(self_args()));

    if (err) {
        debug_printf("http: %s\n", error_name(err));
        return 1;
    }
    for (;;) {
        news_hear();
        ns_t wake = connections_run();

        if (!sources_hear(&wake) || !socket_rest(&web.sockets)) {
            wake = 0;
        }
        if (service_wait(&service, wake) == SERVICE_CALL) {
            service.info = MSG_INFO(ERR_BAD_CALL, 0, 0);
        }
    }
}
