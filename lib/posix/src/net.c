/* SPDX-License-Identifier: MIT */
/*
 * The bell of the session wakes the first thread only, since the program's notification is bound to that. Whenever
 * there are others, everybody looks again after a moment, so that nobody depends on who hears the bell.
 */
#include "net.h"

#include <stddef.h>

#include "lock.h"
#include "pith/string.h"
#include "service/service.h"
#include "thread.h"

#define LOOK_NS (2 * NS_PER_MS)

enum { RING_BYTES = 32768, ADDRESS_4_AT = 12, BYTES_4 = 16, BYTES_6 = 28 };

static struct {
    enum { UNTRIED, CONNECTED, REFUSED } state;
    struct socket_client client;
    struct service service;
} net;

struct socket_client *net_client(void)
{
    uint32_t number;

    if (net.state == UNTRIED) {
        err_t err = session_find("net", false, 0, &number);

        if (err == ERR_OK) {
            err = socket_client_open(&net.client, number, RING_BYTES);
        }
        net.state = err == ERR_OK ? CONNECTED : REFUSED;
    }
    return net.state == CONNECTED ? &net.client : NULL;
}

void net_poll(void)
{
    (void)socket_poll(&net.client);
}

void net_wait(ns_t deadline)
{
    bool is_first = posix_thread_self->number == 1;
    ns_t soon = clock_now() + LOOK_NS;

    if (!socket_rest(&net.client)) {
        return;
    }
    if ((!is_first || threads_others_run()) && soon < deadline) {
        deadline = soon;
    }
    posix_unlock();
    if (!is_first) {
        sleep_until(deadline);
    } else {
        net.service.ignored = ~socket_client_bit(&net.client);
        if (service_wait(&net.service, deadline) == SERVICE_CALL) {
            net.service.info = MSG_INFO(ERR_BAD_CALL, 0, 0); /* it offers nothing */
        }
    }
    posix_lock();
}

int errno_of_socket(err_t err)
{
    switch (err) {
    case ERR_WOULD_BLOCK:
        return POSIX_EAGAIN;
    case ERR_BUSY:
        return POSIX_EADDRINUSE;
    case ERR_NO_MEMORY:
        return POSIX_ENOBUFS;
    case ERR_TIMED_OUT:
        return POSIX_ETIMEDOUT;
    case ERR_GONE:
        return POSIX_ECONNRESET;
    case ERR_RANGE:
        return POSIX_EINVAL;
    case ERR_NO_ENTRY:
        return POSIX_ENOTCONN;
    default:
        return POSIX_ENETUNREACH;
    }
}

/* Linux's struct sockaddr_in and sockaddr_in6, in one: ports and addresses are in network order. */
struct posix_address {
    uint16_t family;
    uint8_t port[2];
    uint8_t four_or_flow[4];
    uint8_t six[16]; /* of IPv4: unused */
    uint32_t scope;
};
_Static_assert(sizeof(struct posix_address) == BYTES_6, "as Linux has it");

long address_read(const void *from, uint64_t bytes, struct socket_address *address, uint32_t *port)
{
    struct posix_address text = { 0 };

    if (from == NULL || bytes < BYTES_4) {
        return -POSIX_EINVAL;
    }
    memcpy(&text, from, bytes < BYTES_6 ? bytes : BYTES_6);
    if (text.family == FAMILY_4) {
        *address = (struct socket_address){ { [10] = 0xff, [11] = 0xff } };
        memcpy(address->bytes + ADDRESS_4_AT, text.four_or_flow, 4);
    } else if (text.family == FAMILY_6 && bytes >= BYTES_6) {
        memcpy(address->bytes, text.six, sizeof(text.six));
    } else {
        return -POSIX_EAFNOSUPPORT;
    }
    *port = (uint32_t)text.port[0] << 8 | text.port[1];
    return 0;
}

void address_write(const struct opening *opening, const struct socket_address *address,
                   uint32_t port, void *to, uint32_t *bytes)
{
    uint32_t whole = opening->socket.family == FAMILY_4 ? BYTES_4 : BYTES_6;
    struct posix_address text = { .family = (uint16_t)opening->socket.family,
                                  .port = { (uint8_t)(port >> 8), (uint8_t)port } };

    if (to == NULL || bytes == NULL) {
        return;
    }
    if (opening->socket.family == FAMILY_4) {
        memcpy(text.four_or_flow, address->bytes + ADDRESS_4_AT, 4);
    } else {
        memcpy(text.six, address->bytes, sizeof(text.six));
    }
    memcpy(to, &text, *bytes < whole ? *bytes : whole);
    *bytes = whole;
}
