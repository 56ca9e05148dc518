/* SPDX-License-Identifier: MIT */
/*
 * What goes over the rings of a session of the protocol net (abi/idl/net.idl). The client numbers its sockets itself,
 * 0 to SOCKETS_MAX - 1, and counts the lives of each number; it shares out the data area: a socket that carries data has a ring
 * of `bytes` bytes (a power of two) for receiving at `offset`, and one for sending behind it.
 *
 * Positions are absolute: byte n of a stream lies at n % bytes of its ring. The server fills the receive ring from `received`
 * to at most `consumed` + bytes; it lets the peer send no more than that. The client fills the send ring from `written`
 * to at most `taken` + bytes; what is between the two is to be left alone, since it may be sent again.
 *
 * Requests change what is wanted of a socket. States say all that there is to say of one, the last one counts.
 *
 * A ring of datagrams holds for each a struct socket_datagram and its bytes, padded to a multiple of 8.
 *
 * A new epoch. If the server died, all sockets are gone. If the client died, the server may still write into receive rings of it. So
 * the first request in each epoch is BEGIN, and until its answer a client touches no ring.
 */
#pragma once

#include <stdint.h>

#define SOCKETS_MAX 64u
#define SOCKET_RING_MIN 4096u
#define SOCKET_RING_MAX (1u << 20)
#define SOCKET_BACKLOG_MAX 64u

enum socket_operation {
    SOCKET_BEGIN = 1,     /* both ways; `life` comes back */
    SOCKET_LISTEN = 2,    /* at `port`, with `number` connections waiting at most */
    SOCKET_ACCEPT = 3,    /* become the next connection of the listener `number` */
    SOCKET_CONNECT = 4,   /* to `address` and `port` */
    SOCKET_DATAGRAMS = 5, /* UDP at `port`; 0: any */
    SOCKET_UPDATE = 6,    /* `consumed`, `written`, `flags` have changed */
    SOCKET_STATE = 7,     /* from the server only */
};

/* Wanted by the client. Once wanted, each stays so. */
enum socket_wish {
    SOCKET_SHUT = 1,  /* nothing comes after `written`: tell the peer when it has got all that */
    SOCKET_CLOSE = 2, /* the same, and what still comes is of no interest; then the socket ends */
    SOCKET_ABORT = 4, /* the socket ends now, and the peer is told by a reset */
    SOCKET_NO_DELAY = 8, /* of TCP: what is written goes out at once, in however small pieces */
    SOCKET_KEEP_ALIVE =
        16, /* of TCP: a peer that is silent for two hours is asked whether it is there */
};

/* Said by the server. */
enum socket_flag {
    SOCKET_IS_OPEN = 1, /* connected, or listening */
    SOCKET_AT_END = 2,  /* nothing comes after `received` */
    SOCKET_HAS_ENDED =
        4, /* the server knows it no more: number and rings are the client's, `error` says why */
};

/* In network order; IPv4 addresses as ::ffff:a.b.c.d. */
struct socket_address {
    uint8_t bytes[16];
};

/* Client to server. */
struct socket_request {
    uint32_t operation;
    uint32_t socket;
    uint32_t life;
    uint32_t flags; /* enum socket_wish */
    uint64_t consumed;
    uint64_t written;
    uint32_t offset; /* a multiple of 8 */
    uint32_t bytes;
    uint32_t port;
    uint32_t number;
    struct socket_address address;
};
_Static_assert(sizeof(struct socket_request) == 64, "an entry");

/*
 * Server to client. error: ERR_OK; ERR_BUSY (the port is taken); ERR_NO_MEMORY (too many connections); ERR_RANGE (a number was
 * not allowed); ERR_GONE (reset by the peer, or refused); ERR_TIMED_OUT; ERR_IO (no way there).
 */
struct socket_state {
    uint32_t operation; /* BEGIN, STATE */
    uint32_t socket;
    uint32_t life;
    uint32_t flags; /* enum socket_flag */
    uint64_t received;
    uint64_t taken;
    uint32_t error;
    uint32_t port; /* of the peer; of datagrams: the own one */
    struct socket_address address;
    uint64_t reserved;
};
_Static_assert(sizeof(struct socket_state) == 64, "an entry");

struct socket_datagram {
    uint32_t bytes; /* that follow, without the padding */
    uint32_t port;  /* it came from, or is to go to */
    struct socket_address address;
};
_Static_assert(sizeof(struct socket_datagram) == 24, "in rings");
