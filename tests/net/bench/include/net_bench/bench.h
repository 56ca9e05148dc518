/* SPDX-License-Identifier: MIT */
/* Clients (lib/socket) and the server's core in one process, over fake sessions and a simulated link. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "net_sim/sim.h"
#include "socket/client.h"

enum { CLIENTS = 4, RING = 4096 };

/* The test's clients; the sessions of others are used raw. */
extern struct socket_client clients[CLIENTS];
/* Our interface, and another machine on its link. */
extern struct sim_end us, other;

/** bench_start() - all clients begin anew, as successors of their predecessors. */
void bench_start(void);

/** bench_step() - a round of everybody, and a millisecond. */
void bench_step(void);

/** bench_until() - rounds until @is_done says so; false: it did not within 60,000. */
bool bench_until(bool (*is_done)(void));

/** bench_steps() - so many rounds. */
void bench_steps(uint32_t count);

/** loopback() - 127.0.0.1. */
struct socket_address loopback(void);

/** ipv4() - an address 10.0.b.c. */
struct socket_address ipv4(uint8_t b, uint8_t c);

/* --- A client that keeps no rule: it sends requests as they are --- */

struct raw {
    struct session session;
    uint32_t errors[16];    /* states that say an end with that error */
    uint32_t opened, ended; /* states */
    struct socket_state last[SOCKETS_MAX];
};

/** raw_start() - over the session of client @number, which begins. */
void raw_start(struct raw *raw, uint32_t number);

/** raw_ask() - a request; the rings of all sockets are the whole data area. */
void raw_ask(struct raw *raw, struct socket_request request);

/** raw_hear() - take all states that came. */
void raw_hear(struct raw *raw);

/** raw_steps() - so many rounds, in each of which it hears. */
void raw_steps(struct raw *raw, uint32_t count);
