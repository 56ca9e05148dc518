/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "net_packets/packet.h"
#include "net_sim/sim.h"

/* Values at which something changes. */
static const uint8_t edges[] = { 0,  1,  2,  3,  4,  5,  7,  8,   15,  16,  19, 20,
                                 39, 40, 41, 59, 60, 63, 64, 127, 128, 254, 255 };

static uint8_t byte_random(void)
{
    return sim_random(2) == 0 ? (uint8_t)sim_random(256) : edges[sim_random(sizeof(edges))];
}

/* Mostly in the headers, which decide. */
static size_t place_random(const struct packet *packet)
{
    size_t reach = packet->length;

    if (sim_random(8) != 0 && reach > 110) {
        reach = 110;
    }
    if (sim_random(8) != 0 && reach > ETHERNET_BYTES) {
        return ETHERNET_BYTES + sim_random((uint32_t)(reach - ETHERNET_BYTES));
    }
    return sim_random((uint32_t)reach);
}

static void cut(struct packet *packet)
{
    packet->length = sim_random((uint32_t)packet->length + 1);
}

static void extend(struct packet *packet)
{
    size_t more = sim_random((uint32_t)(PACKET_MAX - packet->length) + 1);

    for (size_t i = 0; i < more; i++) {
        packet->bytes[packet->length + i] = byte_random();
    }
    packet->length += more;
}

/* Take bytes out or put bytes in, so that all that follows moves. */
static void shift(struct packet *packet)
{
    size_t at = place_random(packet);
    size_t count = 1 + sim_random(16);

    if (sim_random(2) == 0 && packet->length + count <= PACKET_MAX) {
        memmove(packet->bytes + at + count, packet->bytes + at, packet->length - at);
        packet->length += count;
    } else if (at + count < packet->length) {
        memmove(packet->bytes + at, packet->bytes + at + count, packet->length - at - count);
        packet->length -= count;
    }
}

static void word_set(struct packet *packet)
{
    size_t at = place_random(packet) & ~(size_t)1;

    if (at + 1 < packet->length) {
        packet->bytes[at] = sim_random(2) == 0 ? 0 : byte_random();
        packet->bytes[at + 1] = byte_random();
    }
}

/* Make the length in the header agree with what there is. */
static void length_mend(struct packet *packet)
{
    if (packet->length < ETHERNET_BYTES + 40) {
        return;
    }
    if (packet->bytes[12] == 8 && packet->bytes[13] == 0) {
        packet->bytes[16] = (uint8_t)((packet->length - 14) >> 8);
        packet->bytes[17] = (uint8_t)(packet->length - 14);
    } else if (packet->bytes[12] == 0x86) {
        packet->bytes[18] = (uint8_t)((packet->length - 54) >> 8);
        packet->bytes[19] = (uint8_t)(packet->length - 54);
    }
}

void packet_mutate(struct packet *packet)
{
    for (uint32_t count = sim_random(6); count > 0 && packet->length > 0; count--) {
        switch (sim_random(10)) {
        case 0:
            cut(packet);
            break;
        case 1:
            extend(packet);
            break;
        case 2:
            shift(packet);
            break;
        case 3:
        case 4:
            word_set(packet);
            break;
        default:
            packet->bytes[place_random(packet)] = byte_random();
        }
    }
    if (sim_random(3) != 0) {
        length_mend(packet);
    }
    if (sim_random(10) != 0) {
        packet_sum(packet);
    }
}
