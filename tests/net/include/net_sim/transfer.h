/* SPDX-License-Identifier: MIT */
/* A TCP connection on which both sides send a stream of known bytes at once, and compare what comes. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lwip_port/lwip.h"

struct transfer;

struct transfer_side {
    struct transfer *owner; /* borrowed */
    struct tcp_pcb *pcb;    /* NULL: closed, or the stack ended it */
    uint64_t seed;          /* of what it sends */
    uint64_t peer_seed;
    uint64_t sent, received, wrong; /* bytes */
    bool has_peer_closed;
    lwip_err_t error; /* with which the stack ended it */
};

struct transfer {
    struct tcp_pcb *listener;
    uint64_t bytes; /* each way */
    struct transfer_side client, server;
};

/**
 * transfer_begin() - listen at @to, of interface @to_netif, and connect from @from_netif. NULL: any interface.
 * @transfer must stay where it is until transfer_end().
 */
bool transfer_begin(struct transfer *transfer, uint64_t bytes, const ip_addr_t *to,
                    struct netif *from_netif, struct netif *to_netif);

/** transfer_is_done() - everything arrived and both sides saw the other's end; for sim_run(). */
bool transfer_is_done(void *transfer);

/** transfer_end() - give everything back. */
void transfer_end(struct transfer *transfer);
