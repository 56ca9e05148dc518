/* SPDX-License-Identifier: MIT */
/* Checksums (RFC 1071), written here once more so that a mistake of the stack's own does not hide. */
#include "net_packets/packet.h"

enum {
    TYPE_IPV4 = 0x0800,
    TYPE_IPV6 = 0x86dd,
    PROTOCOL_ICMP = 1,
    PROTOCOL_IGMP = 2,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    PROTOCOL_ICMP6 = 58,
    IPV6_HEADER = 40
};

static uint32_t sum_add(uint32_t sum, const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        sum += (uint32_t)bytes[i] << (i % 2 == 0 ? 8 : 0);
    }
    return sum;
}

static void sum_store(uint8_t *place, uint32_t sum)
{
    while (sum >> 16 != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    place[0] = (uint8_t)(~sum >> 8);
    place[1] = (uint8_t)~sum;
}

/* Where the checksum is in a segment of that protocol; 0: it has none. */
static size_t sum_place(uint8_t protocol)
{
    switch (protocol) {
    case PROTOCOL_TCP:
        return 16;
    case PROTOCOL_UDP:
        return 6;
    case PROTOCOL_ICMP:
    case PROTOCOL_IGMP:
    case PROTOCOL_ICMP6:
        return 2;
    default:
        return 0;
    }
}

static void segment_sum(uint8_t protocol, uint8_t *segment, size_t length, uint32_t pseudo)
{
    size_t place = sum_place(protocol);

    if (place == 0 || place + 2 > length) {
        return;
    }
    segment[place] = segment[place + 1] = 0;
    sum_store(segment + place, sum_add(pseudo, segment, length));
}

static void ipv4_sum(uint8_t *header, size_t bytes)
{
    size_t header_bytes = (size_t)(header[0] & 15) * 4;
    size_t total = (size_t)header[2] << 8 | header[3];
    uint8_t protocol = header[9];

    if (header_bytes < 20 || header_bytes > bytes) {
        return;
    }
    header[10] = header[11] = 0;
    sum_store(header + 10, sum_add(0, header, header_bytes));
    if (total < header_bytes || total > bytes) {
        return;
    }
    uint32_t pseudo = sum_add((uint32_t)(protocol + total - header_bytes), header + 12, 8);

    if (protocol == PROTOCOL_ICMP || protocol == PROTOCOL_IGMP) {
        pseudo = 0;
    }
    segment_sum(protocol, header + header_bytes, total - header_bytes, pseudo);
}

/* Past options and a fragment header; what follows a damaged chain gets no sum. */
static void ipv6_sum(uint8_t *header, size_t bytes)
{
    size_t total = IPV6_HEADER + ((size_t)header[4] << 8 | header[5]);
    size_t at = IPV6_HEADER;
    uint8_t protocol = header[6];

    if (total > bytes) {
        return;
    }
    while ((protocol == 0 || protocol == 43 || protocol == 44 || protocol == 60) &&
           at + 8 <= total) {
        size_t skip = protocol == 44 ? 8 : 8 + (size_t)header[at + 1] * 8;

        protocol = header[at];
        at += skip;
    }
    if (at > total) {
        return;
    }
    segment_sum(protocol, header + at, total - at,
                sum_add((uint32_t)(protocol + total - at), header + 8, 32));
}

void packet_sum(struct packet *packet)
{
    uint8_t *header = packet->bytes + ETHERNET_BYTES;

    if (packet->length < ETHERNET_BYTES + 20) {
        return;
    }
    size_t bytes = packet->length - ETHERNET_BYTES;
    unsigned type = (unsigned)packet->bytes[12] << 8 | packet->bytes[13];

    if (type == TYPE_IPV4) {
        ipv4_sum(header, bytes);
    } else if (type == TYPE_IPV6 && bytes >= IPV6_HEADER) {
        ipv6_sum(header, bytes);
    }
}
