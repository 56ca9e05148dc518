/* SPDX-License-Identifier: MIT */
/* What stands between the network and lwIP's neighbour discovery. */
#pragma once

#include <stdbool.h>

struct netif;
struct pbuf;

/** nd6_message_is_sane() - whether a message of the packet being received is one that lwIP may see. */
bool nd6_message_is_sane(const struct pbuf *p);

/** nd6_input_unchecked() - lwIP's own nd6_input(). */
void nd6_input_unchecked(struct pbuf *p, struct netif *inp);
