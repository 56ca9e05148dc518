/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "net_packets/packet.h"
#include "net_sim/sim.h"

/* A neighbour that is not there, and the broadcast and multicast addresses that the interface listens to. */
static const uint8_t mac_us[6] = { 2, 0, 0, 0, 0, 1 };
static const uint8_t link_local_us[16] = { 0xfe, 0x80, 0, 0,    0,    0, 0, 0,
                                           0,    0,    0, 0xff, 0xfe, 0, 0, 1 };
static const uint8_t all_nodes[16] = { 0xff, 2, [15] = 1 };
static const uint8_t solicited_us[16] = { 0xff, 2, [11] = 1, 0xff, 0, 0, 1 };

static void put(struct packet *packet, const void *bytes, size_t length)
{
    if (packet->length + length <= PACKET_MAX) {
        memcpy(packet->bytes + packet->length, bytes, length);
        packet->length += length;
    }
}

static void put_byte(struct packet *packet, uint32_t value)
{
    uint8_t byte = (uint8_t)value;

    put(packet, &byte, 1);
}

static void put_word(struct packet *packet, uint32_t value)
{
    put_byte(packet, value >> 8);
    put_byte(packet, value);
}

static void put_random(struct packet *packet, size_t length)
{
    while (length-- > 0) {
        put_byte(packet, sim_random(256));
    }
}

static uint32_t port_random(void)
{
    static const uint16_t ports[] = { 53, 67, 68, 546, 547, 5001, 7000, 49152, 0, 65535 };

    return ports[sim_random(sizeof(ports) / sizeof(ports[0]))];
}

static void make_tcp(struct packet *packet)
{
    uint32_t option_words = sim_random(11);

    put_word(packet, port_random());
    put_word(packet, 5001);
    put_random(packet, 8);
    put_byte(packet, (5 + option_words) << 4);
    put_byte(packet, sim_random(4) == 0 ? sim_random(256) : 1u << sim_random(6));
    put_random(packet, 2);
    put_word(packet, 0);
    put_word(packet, sim_random(2000));
    for (uint32_t i = 0; i < option_words; i++) {
        static const uint8_t options[][4] = { { 1, 1, 8, 10 }, { 2, 4, 5, 180 }, { 3, 3, 14, 1 },
                                              { 4, 2, 1, 1 },  { 5, 10, 0, 0 },  { 8, 0, 0, 0 },
                                              { 2, 4, 0, 0 },  { 0, 0, 0, 0 } };

        put(packet, options[sim_random(8)], 4);
    }
    put_random(packet, sim_random(600));
}

static void make_dns_answer(struct packet *packet)
{
    put_random(packet, 2);
    put_word(packet, 0x8180);
    put_word(packet, 1);
    put_word(packet, sim_random(4));
    put_random(packet, 4);
    put(packet, "\4host\4test\0\0\1\0\1", 15);
    for (uint32_t i = sim_random(4); i > 0; i--) {
        put_word(packet, 0xc00c + sim_random(3));
        put_word(packet, sim_random(2) == 0 ? 1 : 28);
        put_word(packet, 1);
        put_random(packet, 4);
        put_word(packet, sim_random(2) == 0 ? 4 : sim_random(70));
        put_random(packet, sim_random(20));
    }
}

/* An offer or acknowledgement with options of any length. */
static void make_dhcp(struct packet *packet)
{
    size_t start = packet->length;

    put(packet, (const uint8_t[]){ 2, 1, 6, 0 }, 4);
    put_random(packet, 24);
    put(packet, mac_us, 6);
    while (packet->length < start + 236) {
        put_byte(packet, sim_random(8) == 0 ? sim_random(256) : 0);
    }
    put(packet, (const uint8_t[]){ 0x63, 0x82, 0x53, 0x63, 53, 1 }, 6);
    put_byte(packet, 1 + sim_random(8));
    for (uint32_t i = sim_random(12); i > 0; i--) {
        static const uint8_t kinds[] = { 1, 3, 6, 28, 51, 52, 53, 54, 57, 58, 59, 255 };
        uint32_t length = sim_random(4) == 0 ? sim_random(256) : 4;

        put_byte(packet, kinds[sim_random(sizeof(kinds))]);
        put_byte(packet, length);
        put_random(packet, length % 64);
    }
}

static void make_udp(struct packet *packet)
{
    uint32_t kind = sim_random(4);

    put_word(packet, kind == 0 ? 53 : kind == 1 ? 67 : port_random());
    put_word(packet, kind == 1 ? 68 : kind == 2 ? 546 : port_random());
    put_word(packet, 8 + sim_random(600));
    put_word(packet, 0);
    if (kind == 0) {
        make_dns_answer(packet);
    } else if (kind == 1) {
        make_dhcp(packet);
    } else {
        put_byte(packet, sim_random(16));
        put_random(packet, sim_random(300));
    }
}

static void put_nd_options(struct packet *packet)
{
    for (uint32_t i = sim_random(4); i > 0; i--) {
        static const uint8_t kinds[] = { 1, 2, 3, 4, 5, 24, 25, 31, 0 };
        uint32_t units = sim_random(6) == 0 ? sim_random(256) : 1 + sim_random(5);

        put_byte(packet, kinds[sim_random(sizeof(kinds))]);
        put_byte(packet, units);
        put_random(packet, (units + 15) % 16 * 8 + 6);
    }
}

static void make_icmp6(struct packet *packet)
{
    static const uint8_t types[] = { 1, 2, 3, 4, 128, 129, 130, 131, 133, 134, 135, 136, 137 };

    put_byte(packet, types[sim_random(sizeof(types))]);
    put_byte(packet, sim_random(4) == 0 ? sim_random(256) : 0);
    put_word(packet, 0);
    put_random(packet, 4);
    if (sim_random(2) == 0) {
        put(packet, link_local_us, 16);
    } else {
        put_random(packet, 8);
    }
    put_nd_options(packet);
}

static void make_icmp(struct packet *packet)
{
    put_byte(packet, sim_random(2) == 0 ? 8 : sim_random(20));
    put_byte(packet, sim_random(8));
    put_word(packet, 0);
    put_random(packet, sim_random(200));
}

static void make_payload(struct packet *packet, uint32_t protocol)
{
    switch (protocol) {
    case 1:
        make_icmp(packet);
        break;
    case 6:
        make_tcp(packet);
        break;
    case 17:
        make_udp(packet);
        break;
    case 58:
        make_icmp6(packet);
        break;
    default:
        put_random(packet, sim_random(100));
    }
}

static void make_ipv4(struct packet *packet)
{
    static const uint8_t protocols[] = { 1, 2, 6, 17, 17, 6 };
    uint32_t protocol = protocols[sim_random(sizeof(protocols))];
    uint32_t option_words = sim_random(6) == 0 ? sim_random(11) : 0;
    bool is_fragment = sim_random(4) == 0;

    put_byte(packet, 0x45 + option_words);
    put_byte(packet, 0);
    put_word(packet, 0);
    put_word(packet, sim_random(3));
    put_byte(packet, is_fragment ? sim_random(64) : 0);
    put_byte(packet, is_fragment ? sim_random(256) : 0);
    put_byte(packet, 64);
    put_byte(packet, protocol);
    put_word(packet, 0);
    put(packet, (const uint8_t[]){ 10, 0, 0 }, 3);
    put_byte(packet, 2 + sim_random(3));
    put(packet,
        sim_random(4) == 0 ? (const uint8_t[]){ 255, 255, 255, 255 }
                           : (const uint8_t[]){ 10, 0, 0, 1 },
        4);
    put_random(packet, (size_t)option_words * 4);
    make_payload(packet, protocol);
}

static uint32_t put_extension(struct packet *packet, uint32_t protocol)
{
    uint32_t next = sim_random(3) == 0 ? 44 : 60;
    uint32_t units = sim_random(4) == 0 ? sim_random(4) : 0;

    put_byte(packet, protocol);
    put_byte(packet, next == 44 ? 0 : units);
    if (next == 44) {
        put_word(packet, sim_random(2) == 0 ? sim_random(2) : sim_random(65536));
        put_word(packet, 0);
        put_word(packet, sim_random(3));
    } else {
        put_random(packet, 6 + (size_t)units * 8);
    }
    return next;
}

static void make_ipv6(struct packet *packet)
{
    static const uint8_t protocols[] = { 6, 17, 58, 58, 58, 59 };
    uint32_t protocol = protocols[sim_random(sizeof(protocols))];
    size_t header = packet->length;

    put(packet, (const uint8_t[]){ 0x60, 0, 0, 0, 0, 0 }, 6);
    put_byte(packet, protocol);
    put_byte(packet, sim_random(4) == 0 ? sim_random(256) : 255);
    put(packet, link_local_us, 15);
    put_byte(packet, 2 + sim_random(3));
    put(packet,
        sim_random(3) == 0   ? all_nodes
        : sim_random(2) == 0 ? solicited_us
                             : link_local_us,
        16);
    if (sim_random(3) == 0) {
        packet->bytes[header + 6] = (uint8_t)put_extension(packet, protocol);
    }
    make_payload(packet, protocol);
}

static void make_arp(struct packet *packet)
{
    put(packet, (const uint8_t[]){ 0, 1, 8, 0, 6, 4, 0 }, 7);
    put_byte(packet, 1 + sim_random(2));
    put_random(packet, 6);
    put(packet, (const uint8_t[]){ 10, 0, 0 }, 3);
    put_byte(packet, sim_random(255));
    put_random(packet, 6);
    put(packet, (const uint8_t[]){ 10, 0, 0, 1 }, 4);
}

void packet_make(struct packet *packet)
{
    uint32_t kind = sim_random(8);

    packet->length = 0;
    put(packet, mac_us, 6);
    put(packet, (const uint8_t[]){ 2, 0, 0, 0, 0, 9 }, 6);
    if (kind == 0) {
        put_word(packet, 0x0806);
        make_arp(packet);
    } else if (kind < 4) {
        put_word(packet, 0x0800);
        make_ipv4(packet);
    } else {
        put_word(packet, 0x86dd);
        make_ipv6(packet);
    }
}
