/* SPDX-License-Identifier: MIT */
/* The program's session with the network server, and sockets as descriptors; all with posix_lock() held. */
#pragma once

#include "descriptor.h"
#include "errors.h"
#include "pith/clock.h"
#include "socket/client.h"

enum { FAMILY_4 = 2, FAMILY_6 = 10, TYPE_STREAM = 1, TYPE_DATAGRAM = 2 };

/** net_client() - NULL: the program may use no network. */
struct socket_client *net_client(void);

/** net_poll() - hear what the server says. */
void net_poll(void);

/** net_wait() - let others at the lock until something may have changed, or the time has come. */
void net_wait(ns_t deadline);

/** on_socket() - look up the socket arguments[0], hold on to it, and do something with it, under the lock. */
long on_socket(const long arguments[6], long (*act)(struct opening *, const long[6]));

/** socket_find() - the socket of a descriptor, with a reference; -EBADF, -ENOTSOCK. */
long socket_find(long descriptor, struct opening **found);

/** errno_of_socket() - what a program is told when something about a socket failed. */
int errno_of_socket(err_t err);

/** socket_deadline() - of one call: now, if it is not to wait, or as the socket's time-out says. */
ns_t socket_deadline(const struct opening *opening, bool is_send, bool no_wait);

/** socket_open_datagrams() - at its port, if it is not open yet: 0, or a negated errno. */
long socket_open_datagrams(struct opening *opening);

/** address_read(), address_write() - Linux's struct sockaddr, of IPv4 and IPv6. */
long address_read(const void *from, uint64_t bytes, struct socket_address *address, uint32_t *port);
void address_write(const struct opening *opening, const struct socket_address *address,
                   uint32_t port, void *to, uint32_t *bytes);

/** socket_read(), socket_write() - as read() and write(); no_wait: only what has come. Takes and gives the lock. */
long socket_read(struct opening *opening, void *into, size_t bytes, bool no_wait);
long socket_write(struct opening *opening, const void *from, size_t bytes);

/** socket_ready() - which of poll()'s events hold. */
uint32_t socket_ready(const struct opening *opening);

/* Linux's struct pollfd. */
struct polled {
    int32_t descriptor;
    uint16_t wanted, found;
};

/** poll_until() - as poll(), without the lock. */
long poll_until(struct polled *polled, size_t count, ns_t deadline);

/** descriptors_missing() - is one of them no descriptor? Without the lock. */
bool descriptors_missing(const struct polled *polled, size_t count);
