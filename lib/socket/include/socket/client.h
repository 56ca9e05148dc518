/* SPDX-License-Identifier: MIT */
/*
 * Sockets for a program that waits in service_wait(): nothing here waits. A socket is known by its number.
 *
 *     for (;;) {
 *         for (news = socket_poll(&client); news != 0; news &= news - 1) handle(socket __builtin_ctzll(news));
 *         deadline = socket_rest(&client) ? DEADLINE_NEVER : 0;
 *         service_wait(&service, deadline);     wakes by socket_client_bit()
 *     }
 *
 * News of a socket: something changed since the last poll, so try again what gave ERR_WOULD_BLOCK.
 *
 * When the network server was replaced, connections end with ERR_GONE; listeners come back by themselves, and sockets of
 * datagrams as well. Every socket stays the program's until it calls socket_close() or socket_abort().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"
#include "service/session.h"
#include "socket/wire.h"

enum socket_client_state {
    SOCKET_FREE,
    SOCKET_OPENING, /* the server has not said yet that it is open */
    SOCKET_OPEN,
    SOCKET_INCOMING, /* the library's: to become the next connection of a listener */
    SOCKET_ENDED,    /* the server knows it no more; the program has it still */
    SOCKET_LEAVING,  /* the program has it no more; the server still does */
};

struct socket_record {
    uint32_t state;     /* enum socket_client_state */
    uint32_t operation; /* what it was opened with */
    uint32_t life;
    uint32_t wishes; /* enum socket_wish */
    uint32_t flags;  /* enum socket_flag */
    uint32_t error;
    bool open_is_due, update_is_due; /* requests to be sent */
    uint32_t listener;               /* of a connection that came */
    uint32_t port;
    uint32_t backlog;
    struct socket_address address;
    uint64_t received, consumed;
    uint64_t written, taken;
};

/*
 * Invariant: consumed <= received <= consumed + ring_bytes, and taken <= written <= taken + ring_bytes. Every socket that has
 * something due is in `due`, and every listener in `listeners`; others may be.
 */
struct socket_client {
    struct session session;
    uint32_t ring_bytes;
    uint32_t rings; /* sockets below that number have rings */
    uint64_t news;  /* bits of sockets that changed since the last poll */
    uint64_t due;   /* bits, too */
    uint64_t listeners;
    uint32_t tag;
    bool is_asking; /* BEGIN was sent in this epoch */
    bool has_begun;
    bool is_full; /* the ring of requests */
    struct socket_record sockets[SOCKETS_MAX];

    uint64_t epochs;  /* met after the first */
    uint64_t refused; /* states that made no sense, and lies */
};

/**
 * socket_client_open() - over that session. Each socket with data gets two rings of @ring_bytes, a power of two; as
 * many sockets have data as fit into the session, listeners come on top.
 * Errors: ERR_RANGE  ring_bytes is not allowed, or none fits. Those of session_open().
 */
MUST_CHECK err_t socket_client_open(struct socket_client *client, uint32_t session,
                                    uint32_t ring_bytes);

/** socket_poll() - hear what the server says; gives the bits of all sockets with news. */
uint64_t socket_poll(struct socket_client *client);

/** socket_rest() - show the server what was done. True: wait for socket_client_bit(); false: poll again. */
bool socket_rest(struct socket_client *client);

/** socket_client_bit() - of the program's notification. */
static inline uint64_t socket_client_bit(const struct socket_client *client)
{
    return 1ull << (EVENT_SESSION_FIRST + client->session.number);
}

/**
 * socket_listen() - take connections at a port of all own addresses. socket_state_of() tells when it is open.
 * Errors: ERR_RANGE  port or backlog is not allowed. ERR_NO_MEMORY  all numbers are in use.
 */
MUST_CHECK err_t socket_listen(struct socket_client *client, uint32_t port, uint32_t backlog,
                               uint32_t *listener);

/**
 * socket_accept() - the next connection of a listener.
 * Errors: ERR_WOULD_BLOCK  none has come, or no rings are free. ERR_NO_ENTRY  it is no listener.
 */
MUST_CHECK err_t socket_accept(struct socket_client *client, uint32_t listener, uint32_t *socket);

/**
 * socket_connect() - begin to connect. What is sent before the connection is there waits.
 * Errors: ERR_NO_MEMORY  no rings are free.
 */
MUST_CHECK err_t socket_connect(struct socket_client *client, const struct socket_address *address,
                                uint32_t port, uint32_t *socket);

/** socket_datagrams() - UDP at a port; 0: any. Errors: ERR_RANGE, ERR_NO_MEMORY  as above. */
MUST_CHECK err_t socket_datagrams(struct socket_client *client, uint32_t port, uint32_t *socket);

/** socket_received() - what came and was not consumed, as far as it lies in one piece. The server may not be trusted to leave it alone. */
size_t socket_received(const struct socket_client *client, uint32_t socket, const void **data);

/** socket_consume() - so much of it is done with; at most what socket_received() said. */
void socket_consume(struct socket_client *client, uint32_t socket, size_t bytes);

/** socket_room() - where to write what is to be sent, as far as it lies in one piece. 0 after socket_shut(). */
size_t socket_room(const struct socket_client *client, uint32_t socket, void **data);

/** socket_commit() - so much was written there and is to be sent; at most what socket_room() said. */
void socket_commit(struct socket_client *client, uint32_t socket, size_t bytes);

/**
 * socket_receive() - copy out what came, up to @size bytes. ERR_OK with 0 bytes: the peer sends nothing more.
 * Errors: ERR_WOULD_BLOCK  nothing is there. What socket_state_of() says, when everything has been received.
 */
MUST_CHECK err_t socket_receive(struct socket_client *client, uint32_t socket, void *data,
                                size_t size, size_t *bytes);

/**
 * socket_send() - copy in what is to be sent, as much as there is room for.
 * Errors: ERR_WOULD_BLOCK  there is no room. ERR_GONE  after socket_shut(), or the connection is over.
 */
MUST_CHECK err_t socket_send(struct socket_client *client, uint32_t socket, const void *data,
                             size_t size, size_t *bytes);

/**
 * socket_datagram_receive() - the next one. @bytes: how long it is; more than @size are cut off.
 * Errors: ERR_WOULD_BLOCK  nothing is there. ERR_GONE  the socket is over.
 */
MUST_CHECK err_t socket_datagram_receive(struct socket_client *client, uint32_t socket, void *data,
                                         size_t size, struct socket_datagram *from);

/**
 * socket_datagram_send() - @to: bytes, port and address.
 * Errors: ERR_WOULD_BLOCK  there is no room. ERR_RANGE  it never fits. ERR_GONE  the socket is over.
 */
MUST_CHECK err_t socket_datagram_send(struct socket_client *client, uint32_t socket,
                                      const void *data, const struct socket_datagram *to);

/** socket_is_at_end() - the peer sends nothing more; what came may still have to be received. */
static inline bool socket_is_at_end(const struct socket_client *client, uint32_t socket)
{
    return (client->sockets[socket].flags & SOCKET_AT_END) != 0;
}

/** socket_unsent() - bytes that the peer has not acknowledged yet. */
static inline uint64_t socket_unsent(const struct socket_client *client, uint32_t socket)
{
    return client->sockets[socket].written - client->sockets[socket].taken;
}

/**
 * socket_state_of() - ERR_OK: it is open.
 * Errors: ERR_WOULD_BLOCK  not yet. ERR_NO_ENTRY  there is no such socket. ERR_GONE  it is over, or was reset, or
 *         refused. ERR_BUSY, ERR_NO_MEMORY, ERR_TIMED_OUT, ERR_IO  as in struct socket_state.
 */
MUST_CHECK err_t socket_state_of(const struct socket_client *client, uint32_t socket);

/** socket_shut() - nothing more will be sent; the peer hears of it after all that was. */
void socket_shut(struct socket_client *client, uint32_t socket);

/** socket_want() - SOCKET_NO_DELAY, SOCKET_KEEP_ALIVE or both, from now on; of a connection. */
void socket_want(struct socket_client *client, uint32_t socket, uint32_t wishes);

/** socket_close() - give the number back; what was sent is still delivered, what came is thrown away. */
void socket_close(struct socket_client *client, uint32_t socket);

/** socket_abort() - give the number back, the peer gets a reset. */
void socket_abort(struct socket_client *client, uint32_t socket);
