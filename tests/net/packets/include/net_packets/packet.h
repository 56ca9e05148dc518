/* SPDX-License-Identifier: MIT */
/* Frames as a hostile neighbour would send them: made from scratch, or real ones damaged. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { PACKET_MAX = 1514, ETHERNET_BYTES = 14 };

struct packet {
    size_t length;
    uint8_t bytes[PACKET_MAX];
};

/** packet_make() - one that nearly makes sense, to the interface with host number 1. */
void packet_make(struct packet *packet);

/** packet_mutate() - change a few bytes, a length, or the end. */
void packet_mutate(struct packet *packet);

/** packet_sum() - make the checksums of a frame right, as far as its lengths allow. */
void packet_sum(struct packet *packet);
