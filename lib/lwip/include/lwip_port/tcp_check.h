/* SPDX-License-Identifier: MIT */
/* What stands between the network and lwIP's TCP. */
#pragma once

#include <stdbool.h>

struct netif;
struct pbuf;

/** tcp_segment_is_sane() - whether a segment, from its header on, is one that lwIP may see. */
bool tcp_segment_is_sane(const struct pbuf *p);

/** tcp_input_unchecked() - lwIP's own tcp_input(). */
void tcp_input_unchecked(struct pbuf *p, struct netif *inp);
