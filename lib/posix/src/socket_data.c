/* SPDX-License-Identifier: MIT */
/* What goes through sockets. */
#include <stddef.h>

#include "calls.h"
#include "lock.h"
#include "net.h"

enum { FLAG_NO_WAIT = 0x40, FLAG_WAIT_ALL = 0x100, FLAG_NO_SIGNAL = 0x4000 };

/* What one call moves, and with whom. */
struct transfer {
    uint8_t *bytes;
    size_t count;
    long flags;
    struct socket_address peer;
    uint32_t port;
};

/* May it be tried again? It waits before it says so. */
static bool is_to_repeat(err_t err, ns_t deadline)
{
    if (err != ERR_WOULD_BLOCK || clock_now() >= deadline) {
        (void)socket_rest(net_client()); /* show the server what was done */
        return false;
    }
    net_wait(deadline);
    net_poll();
    return true;
}

static long stream_send(struct opening *opening, const struct transfer *transfer)
{
    ns_t deadline = socket_deadline(opening, true, (transfer->flags & FLAG_NO_WAIT) != 0);
    size_t sent = 0;
    err_t err;

    if (!opening->socket.is_open) {
        return -POSIX_ENOTCONN;
    }
    net_poll();
    do {
        size_t done = 0;

        err = socket_send(net_client(), opening->socket.number, transfer->bytes + sent,
                          transfer->count - sent, &done);
        sent += err == ERR_OK ? done : 0;
        if (err == ERR_OK && sent < transfer->count) {
            err = ERR_WOULD_BLOCK;
        }
    } while (is_to_repeat(err, deadline));
    if (sent != 0 || err == ERR_OK) {
        return (long)sent;
    }
    return err == ERR_GONE ? -POSIX_EPIPE : -errno_of_socket(err);
}

static long stream_receive(struct opening *opening, const struct transfer *transfer)
{
    ns_t deadline = socket_deadline(opening, false, (transfer->flags & FLAG_NO_WAIT) != 0);
    size_t got = 0;
    err_t err;

    if (!opening->socket.is_open) {
        return -POSIX_ENOTCONN;
    }
    if (opening->socket.is_deaf) {
        return 0;
    }
    net_poll();
    do {
        size_t done = 0;

        err = socket_receive(net_client(), opening->socket.number, transfer->bytes + got,
                             transfer->count - got, &done);
        got += err == ERR_OK ? done : 0;
        if (err == ERR_OK && done != 0 && got < transfer->count &&
            (transfer->flags & FLAG_WAIT_ALL) != 0) {
            err = ERR_WOULD_BLOCK;
        }
    } while (is_to_repeat(err, deadline));
    return got != 0 || err == ERR_OK ? (long)got : -errno_of_socket(err);
}

static long datagram_send(struct opening *opening, const struct transfer *transfer)
{
    ns_t deadline = socket_deadline(opening, true, (transfer->flags & FLAG_NO_WAIT) != 0);
    struct socket_datagram to = { (uint32_t)transfer->count, transfer->port, transfer->peer };
    long result = socket_open_datagrams(opening);
    err_t err;

    if (result != 0) {
        return result;
    }
    if (transfer->port == 0) {
        return -POSIX_EDESTADDRREQ;
    }
    if (transfer->count > UINT16_MAX) {
        return -POSIX_EMSGSIZE;
    }
    do {
        err = socket_datagram_send(net_client(), opening->socket.number, transfer->bytes, &to);
    } while (is_to_repeat(err, deadline));
    if (err == ERR_RANGE) {
        return -POSIX_EMSGSIZE;
    }
    return err ? -errno_of_socket(err) : (long)transfer->count;
}

/* A connected socket hears its peer and nobody else. */
static bool is_from_peer(const struct opening *opening, const struct socket_datagram *from)
{
    if (opening->socket.peer_port == 0) {
        return true;
    }
    for (size_t i = 0; i < sizeof(from->address.bytes); i++) {
        if (from->address.bytes[i] != opening->socket.peer.bytes[i]) {
            return false;
        }
    }
    return from->port == opening->socket.peer_port;
}

static long datagram_receive(struct opening *opening, struct transfer *transfer)
{
    ns_t deadline = socket_deadline(opening, false, (transfer->flags & FLAG_NO_WAIT) != 0);
    struct socket_datagram from = { 0 };
    long result = socket_open_datagrams(opening);
    err_t err;

    if (result != 0) {
        return result;
    }
    net_poll();
    do {
        do {
            err = socket_datagram_receive(net_client(), opening->socket.number, transfer->bytes,
                                          transfer->count, &from);
        } while (err == ERR_OK && !is_from_peer(opening, &from));
    } while (is_to_repeat(err, deadline));
    if (err) {
        return -errno_of_socket(err);
    }
    transfer->peer = from.address;
    transfer->port = from.port;
    return (long)(from.bytes < transfer->count ? from.bytes : transfer->count);
}

static long send_locked(struct opening *opening, const struct transfer *transfer)
{
    if ((transfer->flags & ~(long)(FLAG_NO_WAIT | FLAG_NO_SIGNAL)) != 0) {
        return -POSIX_EOPNOTSUPP;
    }
    return opening->socket.type == TYPE_STREAM ? stream_send(opening, transfer)
                                               : datagram_send(opening, transfer);
}

static long receive_locked(struct opening *opening, struct transfer *transfer)
{
    if ((transfer->flags & ~(long)(FLAG_NO_WAIT | FLAG_WAIT_ALL | FLAG_NO_SIGNAL)) != 0) {
        return -POSIX_EOPNOTSUPP;
    }
    return opening->socket.type == TYPE_STREAM ? stream_receive(opening, transfer)
                                               : datagram_receive(opening, transfer);
}

long socket_write(struct opening *opening, const void *from, size_t bytes)
{
    struct transfer transfer = { .bytes = (uint8_t *)(uintptr_t)from,
                                 .count = bytes,
                                 .peer = opening->socket.peer,
                                 .port = opening->socket.peer_port };

    return send_locked(opening, &transfer);
}

long socket_read(struct opening *opening, void *into, size_t bytes, bool no_wait)
{
    struct transfer transfer = { .bytes = into,
                                 .count = bytes,
                                 .flags = no_wait ? FLAG_NO_WAIT : 0 };

    return receive_locked(opening, &transfer);
}

long posix_sendto(const long arguments[6])
{
    struct transfer transfer = { .bytes = (uint8_t *)arguments[1],
                                 .count = (size_t)arguments[2],
                                 .flags = arguments[3] };
    struct opening *opening;

    posix_lock();
    long result = socket_find(arguments[0], &opening);

    if (result == 0) {
        transfer.peer = opening->socket.peer;
        transfer.port = opening->socket.peer_port;
        if (arguments[4] != 0 && opening->socket.type == TYPE_DATAGRAM) {
            result = address_read((const void *)arguments[4], (uint32_t)arguments[5],
                                  &transfer.peer, &transfer.port);
        }
        result = result != 0 ? result : send_locked(opening, &transfer);
        opening_put(opening);
    }
    posix_unlock();
    return result;
}

long posix_recvfrom(const long arguments[6])
{
    struct transfer transfer = { .bytes = (uint8_t *)arguments[1],
                                 .count = (size_t)arguments[2],
                                 .flags = arguments[3] };
    struct opening *opening;

    posix_lock();
    long result = socket_find(arguments[0], &opening);

    if (result == 0) {
        result = receive_locked(opening, &transfer);
        if (result >= 0 && opening->socket.type == TYPE_DATAGRAM) {
            address_write(opening, &transfer.peer, transfer.port, (void *)arguments[4],
                          (uint32_t *)arguments[5]);
        }
        opening_put(opening);
    }
    posix_unlock();
    return result;
}
