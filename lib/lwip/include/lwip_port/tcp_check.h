/* SPDX-License-Identifier: MIT */
/* What stands between the network and lwIP's TCP. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct netif;
struct pbuf;
struct tcp_pcb;

/** tcp_segment_is_sane() - whether a segment, from its header on, is one that lwIP may see. */
bool tcp_segment_is_sane(const struct pbuf *p);

/** tcp_input_unchecked() - lwIP's own tcp_input(). */
void tcp_input_unchecked(struct pbuf *p, struct netif *inp);

/** tcp_write_unchecked() - lwIP's own tcp_write(). */
int8_t tcp_write_unchecked(struct tcp_pcb *pcb, const void *data, uint16_t length, uint8_t flags);
