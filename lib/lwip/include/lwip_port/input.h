/* SPDX-License-Identifier: MIT */
/*
 * The door for frames from outside. lwIP trusts some lengths that a packet can lie about (each check
 * in src/input.c says which code relies on it); what would lead it astray is dropped here and counted.
 */
#pragma once

#include <stdint.h>

#include "lwip_port/lwip.h"

struct input_stats {
    uint64_t accepted;
    uint64_t refused;
};

/**
 * lwip_port_input() - take a frame that an interface received; for netif_add() in place of
 * ethernet_input(). Takes @pbuf; always LWIP_ERR_OK.
 */
lwip_err_t lwip_port_input(struct pbuf *pbuf, struct netif *netif);

/** lwip_port_input_stats() - since the start. */
struct input_stats lwip_port_input_stats(void);
