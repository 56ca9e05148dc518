/* SPDX-License-Identifier: MIT */
/*
 * The network server's sockets, between clients' sessions and the stack. One thread; the stack calls back from within
 * lwip_port_poll() and lwip_port_input(), and callbacks only note down what happened. Sessions are read and written from
 * the loop alone.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"
#include "lwip_port/lwip.h"
#include "net_core/quota.h"
#include "service/session.h"
#include "socket/wire.h"

#define PEERS_MAX QUOTA_CLIENTS
#define LOOKUPS_MAX 4u /* neighbours that do not answer, of one client */

enum socket_kind {
    KIND_FREE,
    KIND_LISTENER,
    KIND_ACCEPTING, /* waits for a connection of its listener */
    KIND_STREAM,
    KIND_DATAGRAMS,
};

struct peer;

/*
 * One socket of a client.
 * Invariants: consumed <= received <= consumed + bytes, and taken <= given <= written <= taken + bytes. The stack
 * may announce as much room as consumed + bytes - received, and no more.
 */
struct socket {
    struct peer *peer; /* fixed */
    uint32_t number;   /* fixed */
    uint32_t kind;     /* enum socket_kind */
    uint32_t life;
    uint32_t flags;  /* enum socket_flag */
    uint32_t wishes; /* enum socket_wish */
    uint32_t error;
    bool has_shut; /* the stack was told that nothing follows */
    union {
        struct tcp_pcb *tcp;
        struct udp_pcb *udp;
    };
    uint32_t listener;
    uint32_t offset; /* allowed: both rings lie in the data area */
    uint32_t bytes;
    uint64_t received, consumed;
    uint64_t written, given, taken;
    uint64_t said;   /* of taken, to the client */
    uint32_t pieces; /* counted to the client: quota.h */
    uint32_t port;
    struct socket_address address;
};

/* A neighbour that is looked for. */
struct lookup {
    ip_addr_t address;
    uint64_t until_ns;
};

/* One client. */
struct peer {
    struct session session;
    uint32_t index;  /* fixed; its number in quotas */
    bool has_begun;  /* in this epoch */
    bool is_lying;   /* not looked at until it signals again */
    bool has_answer; /* to BEGIN, to be sent */
    uint32_t tag;
    uint64_t news;           /* bit for each socket whose state is to be sent */
    uint64_t rest;           /* bit for each socket that has more to send than fits into a round */
    uint32_t datagrams_left; /* that it may send in this round */
    struct lookup lookups[LOOKUPS_MAX];
    uint64_t unanswered; /* packets that were not sent, since too many neighbours do not answer */
    struct socket sockets[SOCKETS_MAX];
};

_Static_assert(SOCKETS_MAX <= 64, "bits of struct peer");

/* address.c */
void address_from(const ip_addr_t *from, struct socket_address *to);
void address_to(const struct socket_address *from, ip_addr_t *to);
/** addresses_say() - tell people, where they have changed. */
void addresses_say(void);
/** address_get() - the index-th own address. Errors: ERR_RANGE. */
MUST_CHECK err_t address_get(uint32_t index, struct socket_address *address, uint32_t *prefix,
                             uint32_t *flags);

/** address_of_name_server() - the index-th server for names. Errors: ERR_RANGE. */
MUST_CHECK err_t address_of_name_server(uint32_t index, struct socket_address *address);

/* peer.c */
MUST_CHECK err_t peers_open(void);
/** peers_work() - requests; gives how many were taken. */
uint32_t peers_work(void);
void peers_heard(uint64_t bits);
/** peers_rest() - send what is to be said. True: nothing waits. */
bool peers_rest(void);
/** peer_reset() - end all its sockets, as if each had been aborted. */
void peer_reset(struct peer *peer, err_t err);
uint64_t peers_refused(void);
/** peers_push() - give the stack again what it had no room for. */
void peers_push(void);

/* socket.c */
/** socket_request() - what a client wants of a socket. ERR_BAD_CALL: it is lying. */
MUST_CHECK err_t socket_request(struct peer *peer, const struct socket_request *request);
/** socket_go_on() - with what a round was too short for. ERR_BAD_CALL: as above. */
MUST_CHECK err_t socket_go_on(struct socket *socket);
/** socket_say() - its state has changed. */
static inline void socket_say(struct socket *socket)
{
    socket->peer->news |= 1ull << socket->number;
}
/** socket_end() - the stack knows it no more. */
void socket_end(struct socket *socket, err_t err);
/** socket_cut() - end it now, whatever it is; a peer gets a reset. */
void socket_cut(struct socket *socket, err_t err);
/** socket_error() - what an error of the stack means to a client. */
err_t socket_error(lwip_err_t error);

/* owner.c */
/** connection_owner_id() - where the stack keeps a connection's owner; for callbacks of a listener. */
uint8_t connection_owner_id(void);
/** connection_new() - a connection that the client begins. NULL: it has too many. */
struct tcp_pcb *connection_new(struct peer *peer, uint8_t type);
/** connection_admit() - count one that came to a listener of the client. False: it has too many. */
MUST_CHECK bool connection_admit(struct peer *peer, struct tcp_pcb *pcb);
/** connections_relieve() - if few buffers for frames are left, take those of who keeps most out of order. */
void connections_relieve(void);

/* neighbour.c */
/** neighbour_may() - whether the client may send there now. */
MUST_CHECK bool neighbour_may(struct peer *peer, const ip_addr_t *address);

/* listen.c */
#define LISTEN_WINDOW SOCKET_RING_MIN /* of connections that nobody has accepted */
MUST_CHECK err_t listener_open(struct socket *socket, uint32_t port, uint32_t backlog);
void listener_close(struct socket *socket);
/** listener_match() - join a connection that waits with a socket that waits for it. */
void listener_match(struct socket *accepting);

/* stream.c */
MUST_CHECK err_t stream_connect(struct socket *socket, const struct socket_request *request);
/** stream_adopt() - a connection that a listener got, with LISTEN_WINDOW announced. */
void stream_adopt(struct socket *socket, struct tcp_pcb *pcb);
/** stream_consumed() - so much of the receive ring is free again. */
void stream_consumed(struct socket *socket, uint64_t bytes);
/** stream_want() - follow the wishes that are no end. */
void stream_want(struct socket *socket);
/** stream_push() - give the stack what was written, and end what is to be ended. */
void stream_push(struct socket *socket);
void stream_abort(struct socket *socket);

/* datagram.c */
MUST_CHECK err_t datagrams_open(struct socket *socket, uint32_t port);
void datagrams_close(struct socket *socket);
/** datagrams_push() - send what was written, as much as a round allows. False: it makes no sense. */
bool datagrams_push(struct socket *socket);
