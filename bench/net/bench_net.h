/* SPDX-License-Identifier: MIT */
/* TCP over the loopback interface: the two sides, and what they have in common. */
#pragma once

#include "abi/errors.h"
#include "service/service.h"
#include "socket/client.h"

enum {
    RING_BYTES = 256 * 1024,
    PORT_ECHO = 7007,   /* sends back what it gets */
    PORT_SOURCE = 7008, /* sends without end */
};

/** must() - ends the program, in words, after an error. */
void must(err_t err, const char *what);

/** net_open() - the session with the network server. */
void net_open(struct socket_client *client);

/** net_wait() - show the server what was done, wait for news, hear them. */
void net_wait(struct socket_client *client, struct service *service);

/** peer_run() - the other side: echo and source. */
_Noreturn void peer_run(struct socket_client *client, struct service *service);
