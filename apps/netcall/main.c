/* SPDX-License-Identifier: MIT */
/*
 * Connects to an echo server (arguments: ADDRESS PORT KIB, the address IPv4 in dots or IPv6), sends that much of a known stream, and
 * compares what comes back. Says how long it took and what went wrong; ends then.
 */
#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/self.h"
#include "service/service.h"
#include "socket/client.h"

#include "abi/names.h"

enum { RING_BYTES = 65536, V4_BYTES = 4, V4_AT = 12, V6_BYTES = 16 };

struct call {
    struct socket_client client;
    uint32_t socket;
    struct socket_address address;
    uint64_t port;
    uint64_t bytes;
    uint64_t sent, received, wrong;
};

static struct call call;

static uint64_t number_read(const char **text)
{
    uint64_t number = 0;

    while (**text >= '0' && **text <= '9') {
        number = number * 10 + (uint64_t)(*(*text)++ - '0');
    }
    *text += **text != 0;
    return number;
}

static void v4_read(const char **text)
{
    call.address.bytes[10] = call.address.bytes[11] = 0xff;
    for (uint32_t i = 0; i < V4_BYTES; i++) {
        call.address.bytes[V4_AT + i] = (uint8_t)number_read(text);
    }
}

static uint32_t group_read(const char **text)
{
    uint32_t group = 0;

    for (;; (*text)++) {
        char c = **text;

        if (c >= '0' && c <= '9') {
            group = group * 16 + (uint32_t)(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            group = group * 16 + (uint32_t)(c - 'a') + 10;
        } else {
            return group;
        }
    }
}

/* Up to the blank; what "::" leaves out is in the middle, so what came after it moves to the end. */
static void v6_read(const char **text)
{
    uint8_t *bytes = call.address.bytes;
    uint32_t count = 0;
    uint32_t gap = V6_BYTES;

    while (**text != ' ' && **text != 0 && count < V6_BYTES) {
        if (**text == ':' && (*text)[1] == ':') {
            gap = count;
            *text += 2;
            continue;
        }
        *text += **text == ':';
        uint32_t group = group_read(text);

        bytes[count++] = (uint8_t)(group >> 8);
        bytes[count++] = (uint8_t)group;
    }
    for (uint32_t i = count; gap < count && i-- > gap;) {
        bytes[i + V6_BYTES - count] = bytes[i];
        bytes[i] = i + V6_BYTES - count == i ? bytes[i] : 0;
    }
    *text += **text == ' ';
}

static bool is_v6(const char *text)
{
    while (*text != ' ' && *text != 0 && *text != ':') {
        text++;
    }
    return *text == ':';
}

static void args_read(const char *text)
{
    if (is_v6(text)) {
        v6_read(&text);
    } else {
        v4_read(&text);
    }
    call.port = number_read(&text);
    call.bytes = number_read(&text) * 1024;
}

/* Byte @at of the stream. */
static uint8_t byte_of(uint64_t at)
{
    uint64_t mixed = (at / 8 + 1) * 0x9e3779b97f4a7c15u;

    mixed ^= mixed >> 29;
    mixed *= 0xbf58476d1ce4e5b9u;
    return (uint8_t)(mixed >> (at % 8 * 8));
}

static bool piece_send(void)
{
    void *data;
    uint64_t count = socket_room(&call.client, call.socket, &data);
    uint64_t left = call.bytes - call.sent;

    count = count < left ? count : left;
    for (uint64_t i = 0; i < count; i++) {
        ((uint8_t *)data)[i] = byte_of(call.sent + i);
    }
    socket_commit(&call.client, call.socket, count);
    call.sent += count;
    return count != 0;
}

static bool piece_check(void)
{
    const void *data;
    size_t count = socket_received(&call.client, call.socket, &data);

    for (size_t i = 0; i < count; i++) {
        call.wrong += ((const uint8_t *)data)[i] != byte_of(call.received + i);
    }
    socket_consume(&call.client, call.socket, count);
    call.received += count;
    return count != 0;
}

/* ERR_WOULD_BLOCK: not yet at the end. */
static err_t step(void)
{
    err_t err;

    (void)socket_poll(&call.client);
    while (piece_send() || piece_check()) {
    }
    err = socket_state_of(&call.client, call.socket);
    if (call.sent == call.bytes) {
        socket_shut(&call.client, call.socket);
    }
    if (socket_is_at_end(&call.client, call.socket)) {
        return ERR_OK;
    }
    return err == ERR_OK ? ERR_WOULD_BLOCK : err;
}

static err_t run(void)
{
    static struct service service;
    uint32_t number;
    err_t err = session_find("net", false, 0, &number);

    if (err == ERR_OK) {
        err = socket_client_open(&call.client, number, RING_BYTES);
    }
    if (err == ERR_OK) {
        err = socket_connect(&call.client, &call.address, (uint32_t)call.port, &call.socket);
    }
    if (err) {
        return err;
    }
    while ((err = step()) == ERR_WOULD_BLOCK) {
        ns_t deadline = socket_rest(&call.client) ? DEADLINE_NEVER : 0;

        if (service_wait(&service, deadline) == SERVICE_CALL) {
            service.info = MSG_INFO(ERR_BAD_CALL, 0, 0);
        }
    }
    return err;
}

int main(void)
{
    ns_t start = clock_now();
    err_t err;

    args_read(self_args());
    err = run();
    debug_printf("netcall: %s; %lu bytes sent, %lu received, %lu wrong, %lu ms\n", error_name(err),
                 (unsigned long)call.sent, (unsigned long)call.received, (unsigned long)call.wrong,
                 (unsigned long)((clock_now() - start) / NS_PER_MS));
    return err != ERR_OK || call.wrong != 0 || call.received != call.bytes;
}
