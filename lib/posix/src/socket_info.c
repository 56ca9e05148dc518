/* SPDX-License-Identifier: MIT */
/* Names and options of sockets, and poll(). */
#include <stddef.h>

#include "calls.h"
#include "lock.h"
#include "net.h"
#include "pith/string.h"

enum { LEVEL_SOCKET = 1, LEVEL_TCP = 6, LEVEL_IPV6 = 41, ONLY_IPV6 = 26, NO_DELAY = 1 };
enum { OPTION_REUSE = 2, OPTION_TYPE = 3, OPTION_ERROR = 4, OPTION_SEND_BUFFER = 7 };
enum {
    OPTION_KEEP_ALIVE = 9,
    OPTION_RECEIVE_BUFFER = 8,
    OPTION_RECEIVE_TIME = 20,
    OPTION_SEND_TIME = 21
};
enum { READY_IN = 1, READY_OUT = 4, READY_ERROR = 8, READY_HUNG_UP = 16, READY_INVALID = 32 };
enum { POLLED_MAX = 256 };

static long name_own(const struct opening *opening, const long arguments[6])
{
    static const struct socket_address any_4 = { { [10] = 0xff, [11] = 0xff } };
    static const struct socket_address any;
    const struct socket_record *record =
        &net_client()->sockets[opening->socket.number % SOCKETS_MAX];
    bool is_open = opening->socket.number != SOCKET_NONE;
    uint32_t port = opening->socket.port;

    if (is_open && opening->socket.type == TYPE_DATAGRAM) {
        port = record->port;
    } else if (is_open && !opening->socket.is_bound && !opening->socket.is_listener) {
        return -POSIX_EOPNOTSUPP; /* the server chose a port, and does not say which */
    }
    address_write(opening, opening->socket.family == FAMILY_4 ? &any_4 : &any, port,
                  (void *)arguments[1], (uint32_t *)arguments[2]);
    return 0;
}

static long name_peer(const struct opening *opening, const long arguments[6])
{
    const struct socket_address *address = &opening->socket.peer;
    uint32_t port = opening->socket.peer_port;

    if (!opening->socket.is_open || opening->socket.is_listener) {
        return -POSIX_ENOTCONN;
    }
    if (port == 0 && opening->socket.type == TYPE_STREAM) { /* it came */
        address = &net_client()->sockets[opening->socket.number].address;
        port = net_client()->sockets[opening->socket.number].port;
    }
    if (port == 0) {
        return -POSIX_ENOTCONN;
    }
    address_write(opening, address, port, (void *)arguments[1], (uint32_t *)arguments[2]);
    return 0;
}

/* Of a connection that is there the server hears at once; what it was asked for once it does for good. */
static long wish_set(struct opening *opening, uint32_t wish, bool is_wanted)
{
    bool is_connection = opening->socket.type == TYPE_STREAM && !opening->socket.is_listener;

    if (opening->socket.type != TYPE_STREAM ||
        (!is_wanted && (opening->socket.wishes & wish) != 0 &&
         opening->socket.number != SOCKET_NONE)) {
        return -POSIX_ENOPROTOOPT;
    }
    opening->socket.wishes =
        is_wanted ? opening->socket.wishes | wish : opening->socket.wishes & ~wish;
    if (is_connection && opening->socket.number != SOCKET_NONE) {
        socket_want(net_client(), opening->socket.number, opening->socket.wishes);
        (void)socket_rest(net_client());
    }
    return 0;
}

static long option_set(struct opening *opening, const long arguments[6])
{
    const struct {
        int64_t seconds, microseconds;
    } *time = (const void *)arguments[3];
    uint32_t value;

    if (arguments[3] == 0 || (uint32_t)arguments[4] < sizeof(value)) {
        return -POSIX_EINVAL;
    }
    memcpy(&value, (const void *)arguments[3], sizeof(value));
    if (arguments[1] == LEVEL_IPV6 && arguments[2] == ONLY_IPV6) {
        return value == 0 ? 0 : -POSIX_ENOPROTOOPT;
    }
    if (arguments[1] == LEVEL_TCP && arguments[2] == NO_DELAY) {
        return wish_set(opening, SOCKET_NO_DELAY, value != 0);
    }
    if (arguments[1] != LEVEL_SOCKET) {
        return -POSIX_ENOPROTOOPT;
    }
    switch (arguments[2]) {
    case OPTION_KEEP_ALIVE:
        return wish_set(opening, SOCKET_KEEP_ALIVE, value != 0);
    case OPTION_REUSE: /* a port is free as soon as its listener is closed */
    case OPTION_SEND_BUFFER:
    case OPTION_RECEIVE_BUFFER: /* a wish; all have the same room */
        return 0;
    case OPTION_RECEIVE_TIME:
    case OPTION_SEND_TIME:
        if ((uint32_t)arguments[4] < sizeof(*time) || time->seconds < 0 || time->microseconds < 0) {
            return -POSIX_EINVAL;
        }
        opening->socket.patience_ns[arguments[2] == OPTION_SEND_TIME] =
            (ns_t)time->seconds * NS_PER_S + (ns_t)time->microseconds * NS_PER_US;
        return 0;
    default:
        return -POSIX_ENOPROTOOPT;
    }
}

/* What a connection attempt in the background has come to; asking settles it. */
static int32_t error_take(struct opening *opening)
{
    err_t err;

    if (opening->socket.number == SOCKET_NONE) {
        return 0;
    }
    net_poll();
    err = socket_state_of(net_client(), opening->socket.number);
    if (err == ERR_OK || err == ERR_WOULD_BLOCK) {
        opening->socket.is_open |= err == ERR_OK;
        return 0;
    }
    return !opening->socket.is_open && err == ERR_GONE ? POSIX_ECONNREFUSED : errno_of_socket(err);
}

static long option_get(struct opening *opening, const long arguments[6])
{
    uint32_t *bytes = (uint32_t *)arguments[4];
    int32_t value;

    if (arguments[1] != LEVEL_SOCKET || bytes == NULL || *bytes < sizeof(value)) {
        return arguments[1] != LEVEL_SOCKET ? -POSIX_ENOPROTOOPT : -POSIX_EINVAL;
    }
    switch (arguments[2]) {
    case OPTION_TYPE:
        value = (int32_t)opening->socket.type;
        break;
    case OPTION_ERROR:
        value = error_take(opening);
        break;
    default:
        return -POSIX_ENOPROTOOPT;
    }
    memcpy((void *)arguments[3], &value, sizeof(value));
    *bytes = sizeof(value);
    return 0;
}

static long ask_own(struct opening *opening, const long arguments[6])
{
    return name_own(opening, arguments);
}

static long ask_peer(struct opening *opening, const long arguments[6])
{
    return name_peer(opening, arguments);
}

long posix_getsockname(const long arguments[6])
{
    return on_socket(arguments, ask_own);
}

long posix_getpeername(const long arguments[6])
{
    return on_socket(arguments, ask_peer);
}

long posix_setsockopt(const long arguments[6])
{
    return on_socket(arguments, option_set);
}

long posix_getsockopt(const long arguments[6])
{
    return on_socket(arguments, option_get);
}

/* --- poll() --- */

static uint32_t stream_ready(struct socket_client *client, const struct opening *opening)
{
    uint32_t number = opening->socket.number;
    err_t err = socket_state_of(client, number);
    const void *from;
    void *to;
    uint32_t ready = 0;

    if (err == ERR_WOULD_BLOCK) {
        return 0;
    }
    if (err != ERR_OK) {
        ready |= READY_ERROR | READY_HUNG_UP | READY_IN | READY_OUT;
    }
    if (socket_received(client, number, &from) != 0 || socket_is_at_end(client, number) ||
        opening->socket.is_deaf) {
        ready |= READY_IN;
    }
    if (socket_room(client, number, &to) != 0) {
        ready |= READY_OUT;
    }
    return ready;
}

/* Is a connection waiting to be accepted? */
static bool has_come(const struct socket_client *client, uint32_t listener)
{
    for (uint32_t i = 0; i < client->rings; i++) {
        const struct socket_record *record = &client->sockets[i];

        if (record->state == SOCKET_INCOMING && record->listener == listener &&
            (record->flags & SOCKET_IS_OPEN) != 0) {
            return true;
        }
    }
    return false;
}

uint32_t socket_ready(const struct opening *opening)
{
    struct socket_client *client = net_client();
    uint32_t number = opening->socket.number;
    const void *from;

    if (number == SOCKET_NONE) {
        return READY_OUT | READY_HUNG_UP;
    }
    if (opening->socket.is_listener) {
        return has_come(client, number) ? READY_IN : 0;
    }
    if (opening->socket.type == TYPE_DATAGRAM) {
        return READY_OUT | (socket_received(client, number, &from) != 0 ? READY_IN : 0);
    }
    return stream_ready(client, opening);
}

/* How many have something to say. */
static long polled_look(struct polled *polled, size_t count, bool *has_socket)
{
    long found = 0;

    for (size_t i = 0; i < count; i++) {
        const struct opening *opening = opening_of(polled[i].descriptor);
        uint32_t ready = READY_IN | READY_OUT; /* files and terminals never wait */

        if (polled[i].descriptor < 0) {
            ready = 0;
        } else if (opening == NULL) {
            ready = READY_INVALID;
        } else if (opening->kind == OPENING_SOCKET) {
            *has_socket = true;
            ready = socket_ready(opening);
        }
        polled[i].found =
            (uint16_t)(ready & (polled[i].wanted | READY_ERROR | READY_HUNG_UP | READY_INVALID));
        found += polled[i].found != 0;
    }
    return found;
}

bool descriptors_missing(const struct polled *polled, size_t count)
{
    bool missing = false;

    posix_lock();
    for (size_t i = 0; i < count; i++) {
        missing |= opening_of(polled[i].descriptor) == NULL;
    }
    posix_unlock();
    return missing;
}

long poll_until(struct polled *polled, size_t count, ns_t deadline)
{
    long found;

    posix_lock();
    for (;;) {
        bool has_socket = false;

        if (net_client() != NULL) {
            net_poll();
        }
        found = polled_look(polled, count, &has_socket);
        if (found != 0 || clock_now() >= deadline) {
            break;
        }
        if (has_socket) {
            net_wait(deadline);
        } else {
            posix_unlock();
            sleep_until(deadline);
            posix_lock();
        }
    }
    posix_unlock();
    return found;
}

long posix_poll(const long arguments[6])
{
    int patience_ms = (int)arguments[2];
    ns_t deadline = patience_ms < 0 ? DEADLINE_NEVER : clock_now() + (ns_t)patience_ms * NS_PER_MS;

    return arguments[1] < 0 || arguments[1] > POLLED_MAX
               ? -POSIX_EINVAL
               : poll_until((struct polled *)arguments[0], (size_t)arguments[1], deadline);
}

/* The mask of signals means nothing: none ever comes. */
long posix_ppoll(const long arguments[6])
{
    ns_t deadline = DEADLINE_NEVER;

    if (arguments[1] < 0 || arguments[1] > POLLED_MAX ||
        (arguments[2] != 0 &&
         !deadline_after((const struct posix_time *)arguments[2], clock_now(), &deadline))) {
        return -POSIX_EINVAL;
    }
    return poll_until((struct polled *)arguments[0], (size_t)arguments[1], deadline);
}
