/* SPDX-License-Identifier: MIT */
/* First sequence numbers of TCP connections, as RFC 6528 wants them. lwIP includes it (lwipopts.h). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lwip/ip_addr.h"

/** siphash() - SipHash-2-4 of some bytes under a key. */
uint64_t siphash(const uint64_t key[2], const void *data, size_t length);

/**
 * lwip_port_isn() - a clock of 4 us plus what only we can compute from the two ends of a connection: numbers
 * of one connection grow, those of another tell nothing about them.
 */
uint32_t lwip_port_isn(const ip_addr_t *local, uint16_t local_port, const ip_addr_t *remote,
                       uint16_t remote_port);
