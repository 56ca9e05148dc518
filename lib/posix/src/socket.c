/* SPDX-License-Identifier: MIT */
/* Sockets begin, listen, accept, connect and end. */
#include <stddef.h>

#include "calls.h"
#include "lock.h"
#include "net.h"
#include "pith/string.h"

enum {
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    TYPE_MASK = 0xf,
    TYPE_FLAGS = OPEN_NO_WAIT | OPEN_CLOSE_ON_EXEC,
    PORT_FIRST = 49152, /* of those that are given to who asks for none */
    PORT_COUNT = 16384,
    SHUT_READ = 0,
    SHUT_BOTH = 2,
};

long socket_find(long descriptor, struct opening **found)
{
    struct opening *opening = opening_of(descriptor);

    if (opening == NULL) {
        return -POSIX_EBADF;
    }
    if (opening->kind != OPENING_SOCKET) {
        return -POSIX_ENOTSOCK;
    }
    opening->references++; /* another thread may close the descriptor while this one waits */
    *found = opening;
    return 0;
}

static long socket_make(uint32_t family, uint32_t type, uint32_t flags)
{
    struct opening *opening = opening_create(OPENING_SOCKET, OPEN_BOTH | (flags & OPEN_NO_WAIT));

    if (opening == NULL) {
        return -POSIX_ENOMEM;
    }
    opening->socket.family = family;
    opening->socket.type = type;
    opening->socket.number = SOCKET_NONE;
    long result = descriptor_give(opening, 0, (flags & OPEN_CLOSE_ON_EXEC) != 0);

    if (result < 0) {
        opening_discard(opening);
    }
    return result;
}

long posix_socket(const long arguments[6])
{
    uint32_t type = (uint32_t)arguments[1] & TYPE_MASK;
    long protocol = arguments[2];

    if (arguments[0] != FAMILY_4 && arguments[0] != FAMILY_6) {
        return -POSIX_EAFNOSUPPORT;
    }
    if ((type != TYPE_STREAM && type != TYPE_DATAGRAM) ||
        (protocol != 0 && protocol != (type == TYPE_STREAM ? PROTOCOL_TCP : PROTOCOL_UDP))) {
        return -POSIX_EPROTONOSUPPORT;
    }
    posix_lock();
    long result = net_client() != NULL ? socket_make((uint32_t)arguments[0], type,
                                                     (uint32_t)arguments[1] & TYPE_FLAGS)
                                       : -POSIX_EACCES;

    posix_unlock();
    return result;
}

ns_t socket_deadline(const struct opening *opening, bool is_send, bool no_wait)
{
    ns_t patience = opening->socket.patience_ns[is_send];

    if (no_wait || (opening->flags & OPEN_NO_WAIT) != 0) {
        return 0;
    }
    return patience != 0 ? clock_now() + patience : DEADLINE_NEVER;
}

/* Until it is open, or has failed; ERR_WOULD_BLOCK if the time comes first. */
static err_t open_wait(const struct opening *opening, ns_t deadline)
{
    for (;;) {
        net_poll();
        err_t err = socket_state_of(net_client(), opening->socket.number);

        if (err != ERR_WOULD_BLOCK || clock_now() >= deadline) {
            return err;
        }
        net_wait(deadline);
    }
}

/* What failed is given back, and may be tried again. */
static long open_end(struct opening *opening, err_t err)
{
    if (err == ERR_OK) {
        opening->socket.is_open = true;
        return 0;
    }
    socket_close(net_client(), opening->socket.number);
    opening->socket.number = SOCKET_NONE;
    return -errno_of_socket(err);
}

long socket_open_datagrams(struct opening *opening)
{
    if (opening->socket.number != SOCKET_NONE) {
        return 0;
    }
    err_t err = socket_datagrams(net_client(), opening->socket.port, &opening->socket.number);

    return err ? -errno_of_socket(err) : open_end(opening, open_wait(opening, DEADLINE_NEVER));
}

/* To a port of all own addresses: the server knows no other way. */
static long bind_to(struct opening *opening, const long arguments[6])
{
    static const struct socket_address any;
    static const struct socket_address any_4 = { { [10] = 0xff, [11] = 0xff } };
    struct socket_address address;
    uint32_t port;
    long result = address_read((const void *)arguments[1], (uint32_t)arguments[2], &address, &port);

    if (result != 0) {
        return result;
    }
    if (opening->socket.is_bound || opening->socket.number != SOCKET_NONE) {
        return -POSIX_EINVAL;
    }
    if (memcmp(&address, &any, sizeof(any)) != 0 && memcmp(&address, &any_4, sizeof(any)) != 0) {
        return -POSIX_EADDRNOTAVAIL;
    }
    opening->socket.port = port;
    result = opening->socket.type == TYPE_DATAGRAM ? socket_open_datagrams(opening) : 0;
    opening->socket.is_bound = result == 0;
    return result;
}

static long listen_at(struct opening *opening, const long arguments[6])
{
    static uint32_t next;
    long backlog = arguments[1] < 1                    ? 1
                   : arguments[1] > SOCKET_BACKLOG_MAX ? SOCKET_BACKLOG_MAX
                                                       : arguments[1];

    if (opening->socket.type != TYPE_STREAM) {
        return -POSIX_EOPNOTSUPP;
    }
    if (opening->socket.number != SOCKET_NONE) {
        return opening->socket.is_listener ? 0 : -POSIX_EINVAL;
    }
    if (opening->socket.port == 0) {
        opening->socket.port =
            PORT_FIRST + (uint32_t)(clock_now() / NS_PER_US + next++) % PORT_COUNT;
    }
    err_t err = socket_listen(net_client(), opening->socket.port, (uint32_t)backlog,
                              &opening->socket.number);

    if (err) {
        return -errno_of_socket(err);
    }
    opening->socket.is_listener = true;
    return open_end(opening, open_wait(opening, DEADLINE_NEVER));
}

/* A descriptor for a connection that came. */
static long accepted(const struct opening *listener, uint32_t number, const long arguments[6],
                     uint32_t flags)
{
    const struct socket_record *record = &net_client()->sockets[number];
    long result = socket_make(listener->socket.family, TYPE_STREAM, flags);

    if (result < 0) {
        socket_abort(net_client(), number);
        return result;
    }
    struct opening *opening = opening_of(result);

    opening->socket.number = number;
    opening->socket.is_open = opening->socket.is_bound = true;
    opening->socket.port = listener->socket.port;
    address_write(opening, &record->address, record->port, (void *)arguments[1],
                  (uint32_t *)arguments[2]);
    return result;
}

static long accept_from(struct opening *opening, const long arguments[6], uint32_t flags)
{
    ns_t deadline = socket_deadline(opening, false, false);

    if (!opening->socket.is_listener) {
        return -POSIX_EINVAL;
    }
    for (;;) {
        uint32_t number;

        net_poll();
        err_t err = socket_accept(net_client(), opening->socket.number, &number);

        if (err != ERR_WOULD_BLOCK) {
            return err ? -errno_of_socket(err) : accepted(opening, number, arguments, flags);
        }
        if (clock_now() >= deadline) {
            (void)socket_rest(net_client());
            return -POSIX_EAGAIN;
        }
        net_wait(deadline);
    }
}

static long connect_stream(struct opening *opening)
{
    err_t err = ERR_OK;

    if (opening->socket.is_open || opening->socket.is_listener) {
        return -POSIX_EISCONN;
    }
    if (opening->socket.is_bound && opening->socket.port != 0) {
        return -POSIX_EOPNOTSUPP; /* from which port is the server's choice */
    }
    if (opening->socket.number == SOCKET_NONE) {
        err = socket_connect(net_client(), &opening->socket.peer, opening->socket.peer_port,
                             &opening->socket.number);
    }
    if (err) {
        return -errno_of_socket(err);
    }
    socket_want(net_client(), opening->socket.number, opening->socket.wishes);
    err = open_wait(opening, socket_deadline(opening, true, false));
    if (err == ERR_WOULD_BLOCK) {
        (void)socket_rest(net_client());
        return -POSIX_EINPROGRESS;
    }
    return err == ERR_GONE ? (open_end(opening, err), -POSIX_ECONNREFUSED) : open_end(opening, err);
}

static long connect_to(struct opening *opening, const long arguments[6])
{
    struct socket_address address;
    uint32_t port;
    long result = address_read((const void *)arguments[1], (uint32_t)arguments[2], &address, &port);

    if (result != 0) {
        return result;
    }
    if (!opening->socket.is_open || opening->socket.type == TYPE_DATAGRAM) {
        opening->socket.peer = address;
        opening->socket.peer_port = port;
    }
    if (opening->socket.type == TYPE_DATAGRAM) {
        return socket_open_datagrams(opening);
    }
    return connect_stream(opening);
}

static long shut(struct opening *opening, const long arguments[6])
{
    if (!opening->socket.is_open || opening->socket.type != TYPE_STREAM) {
        return -POSIX_ENOTCONN;
    }
    if (arguments[1] < SHUT_READ || arguments[1] > SHUT_BOTH) {
        return -POSIX_EINVAL;
    }
    opening->socket.is_deaf |= arguments[1] != 1;
    if (arguments[1] != SHUT_READ) {
        socket_shut(net_client(), opening->socket.number);
        (void)socket_rest(net_client());
    }
    return 0;
}

long on_socket(const long arguments[6], long (*act)(struct opening *, const long[6]))
{
    struct opening *opening;

    posix_lock();
    long result = socket_find(arguments[0], &opening);

    if (result == 0) {
        result = act(opening, arguments);
        opening_put(opening);
    }
    posix_unlock();
    return result;
}

long posix_bind(const long arguments[6])
{
    return on_socket(arguments, bind_to);
}

long posix_listen(const long arguments[6])
{
    return on_socket(arguments, listen_at);
}

long posix_connect(const long arguments[6])
{
    return on_socket(arguments, connect_to);
}

long posix_shutdown(const long arguments[6])
{
    return on_socket(arguments, shut);
}

static long accept_plain(struct opening *opening, const long arguments[6])
{
    return accept_from(opening, arguments, 0);
}

static long accept_with_flags(struct opening *opening, const long arguments[6])
{
    return (arguments[3] & ~(long)TYPE_FLAGS) != 0
               ? -POSIX_EINVAL
               : accept_from(opening, arguments, (uint32_t)arguments[3]);
}

long posix_accept(const long arguments[6])
{
    return on_socket(arguments, accept_plain);
}

long posix_accept4(const long arguments[6])
{
    return on_socket(arguments, accept_with_flags);
}
