/* SPDX-License-Identifier: MIT */
/* What the fuzzer (tests/net/fuzz) found lwIP reading past the end of; in allocations of the exact size. */
#include "lwip_port/input.h"

#include <string.h>

#include "host_test/test.h"
#include "lwip_port/ip6_check.h"
#include "lwip_port/tcp_check.h"
#include "net_sim/sim.h"

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* The Ethernet header, type last. */
#define ETHERNET(type) 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, (type) >> 8, (type)&255

TEST(frames_that_end_too_early_are_refused)
{
    static const struct {
        const char *why;
        size_t length;
        bool is_refused;
        uint8_t bytes[80];
    } cases[] = {
        { "not even a header", 13, true, { 2 } },
        { "ARP cut off", 41, true, { ETHERNET(0x0806), 0, 1, 8, 0, 6, 4, 0, 1 } },
        { "ARP", 42, false, { ETHERNET(0x0806), 0, 1, 8, 0, 6, 4, 0, 1 } },
        { "IPv4 cut off", 33, true, { ETHERNET(0x0800), 0x45 } },
        { "IPv4 longer than its frame", 34, true, { ETHERNET(0x0800), 0x45, 0, 0, 21 } },
        { "IPv4 with half a header", 34, true, { ETHERNET(0x0800), 0x44, 0, 0, 20 } },
        { "IPv4 with nothing in it", 34, false, { ETHERNET(0x0800), 0x45, 0, 0, 20 } },
        { "UDP cut off", 41, true, { ETHERNET(0x0800), 0x45, 0, 0, 27, [23] = 17 } },
        { "UDP", 42, false, { ETHERNET(0x0800), 0x45, 0, 0, 28, [23] = 17 } },
        { "a last fragment of UDP for us",
          35,
          false,
          { ETHERNET(0x0800), 0x45, 0, 0, 21, [21] = 9, [23] = 17, [30] = 10, [33] = 1 } },
        { "a last fragment of UDP for others",
          35,
          true,
          { ETHERNET(0x0800), 0x45, 0, 0, 21, [21] = 9, [23] = 17, [30] = 10, [33] = 7 } },
        { "IPv6 cut off", 53, true, { ETHERNET(0x86dd), 0x60 } },
        { "IPv6 longer than its frame", 54, true, { ETHERNET(0x86dd), 0x60, [19] = 1, [20] = 59 } },
        { "IPv6 with nothing in it", 54, false, { ETHERNET(0x86dd), 0x60, [20] = 59 } },
        { "of another protocol", 14, false, { ETHERNET(0x9000) } },
    };
    static struct sim_end end;

    sim_start(test_seed());
    sim_end_create(&end, 1);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint64_t refused = lwip_port_input_stats().refused;

        sim_inject(&end, cases[i].bytes, cases[i].length);
        CHECK_EQ(lwip_port_input_stats().refused - refused, cases[i].is_refused, cases[i].why);
    }
    sim_end_destroy(&end);
}

TEST(chains_of_ipv6_headers_end_inside_their_packet)
{
    static const struct {
        const char *why;
        size_t length;
        bool is_sane;
        uint8_t next;
        uint8_t headers[24];
    } cases[] = {
        { "no header", 0, true, 59, { 0 } },
        { "TCP, whatever it is", 3, true, 6, { 0 } },
        { "half an extension", 7, false, 60, { 6 } },
        { "padded options", 8, true, 60, { 6, 0, 1, 4, 0, 0, 0, 0 } },
        { "one byte of padding at a time", 8, true, 60, { 6, 0, 0, 0, 0, 0, 0, 0 } },
        { "an option past the header's end", 8, false, 60, { 6, 0, 1, 5, 0, 0, 0, 0 } },
        { "an option without a length", 8, false, 60, { 6, 0, 1, 3, 0, 0, 0, 1 } },
        { "an extension past the packet's end", 8, false, 0, { 6, 1, 1, 12 } },
        { "a routing header", 8, true, 43, { 6, 0, 0, 0 } },
        { "a later fragment", 9, true, 44, { 60, 0, 0, 8 } },
        { "a first fragment without the header above", 15, false, 44, { 17, 0, 0, 1 } },
        { "a first fragment with it", 16, true, 44, { 17, 0, 0, 1 } },
        { "a first fragment that ends in an extension",
          16,
          false,
          44,
          { 60, 0, 0, 1, 0, 0, 0, 0, 17, 0, 1, 4 } },
        { "a fragment in a fragment", 24, false, 44, { 44, 0, 0, 1, 0, 0, 0, 0, 17 } },
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t packet[40 + 24] = { 0x60, 0, 0, 0, 0, 0, cases[i].next };

        memcpy(packet + 40, cases[i].headers, cases[i].length);
        CHECK_EQ(ip6_chain_is_sane(packet, 40 + cases[i].length), cases[i].is_sane, cases[i].why);
    }
}

/* Send a message of neighbour discovery to an interface, whole and with the right sum. */
static void message_inject(struct sim_end *end, const uint8_t *message, size_t length, uint8_t hops)
{
    uint8_t frame[14 + 40 + 64] = { ETHERNET(0x86dd), 0x60, [19] = (uint8_t)length, [20] = 58 };
    struct pbuf *pbuf = pbuf_alloc(PBUF_RAW, (u16_t)length, PBUF_RAM);
    ip6_addr_t source, target;

    frame[21] = hops;
    memcpy(frame + 22, (const uint8_t[16]){ 0xfe, 0x80, [15] = 9 }, 16);
    memcpy(frame + 38, netif_ip6_addr(&end->netif, 0)->addr, 16);
    memcpy(frame + 54, message, length);
    memset(&source, 0, sizeof(source));
    memset(&target, 0, sizeof(target));
    memcpy(source.addr, frame + 22, 16);
    memcpy(target.addr, frame + 38, 16);
    (void)pbuf_take(pbuf, message, (u16_t)length);
    u16_t sum = ip6_chksum_pseudo(pbuf, 58, (u16_t)length, &source, &target);

    memcpy(frame + 56, &sum, 2);
    (void)pbuf_free(pbuf);
    sim_inject(end, frame, 54 + length);
}

TEST(neighbour_discovery_believes_no_length)
{
    static const struct {
        const char *why;
        size_t length;
        uint8_t hops;
        bool is_dropped;
        uint8_t bytes[64];
    } cases[] = {
        { "a solicitation with the sender's address", 32, 255, false, { 135, [24] = 1, 1, 2 } },
        { "routed", 32, 254, true, { 135, [24] = 1, 1, 2 } },
        { "with a code", 32, 255, true, { 135, 1, [24] = 1, 1, 2 } },
        { "an option of no length, then the end", 26, 255, true, { 135, [24] = 1, 0 } },
        { "an option past the end", 32, 255, true, { 135, [24] = 1, 2 } },
        { "half an option", 31, 255, true, { 135, [24] = 1, 1 } },
        { "an address of 14 bytes", 40, 255, true, { 135, [24] = 1, 2 } },
        { "another option where the address is taken from", 32, 255, true, { 135, [24] = 14, 1 } },
        { "an advertisement without its address", 24, 255, false, { 136 } },
        { "an advertisement cut off", 23, 255, true, { 136 } },
        { "a packet too big for 1279 bytes", 48, 64, true, { 2, [6] = 4, 255 } },
        { "a packet too big for 1280 bytes", 48, 64, false, { 2, [6] = 5, 0 } },
    };
    static struct sim_end end;

    sim_start(test_seed());
    sim_end_create(&end, 1);
    sim_pass(5000);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint64_t dropped = lwip_stats.nd6.drop;

        message_inject(&end, cases[i].bytes, cases[i].length, cases[i].hops);
        CHECK_EQ(lwip_stats.nd6.drop - dropped, cases[i].is_dropped, cases[i].why);
    }
    sim_end_destroy(&end);
}

TEST(tcp_options_end_inside_the_header_and_set_a_segment_size_only_at_first)
{
    enum { SYN = 2, ACK = 16 };
    static const struct {
        const char *why;
        size_t length;
        bool is_sane;
        uint8_t words, flags;
        uint8_t options[8];
    } cases[] = {
        { "no options", 20, true, 5, ACK, { 0 } },
        { "header cut off", 19, false, 5, ACK, { 0 } },
        { "options cut off", 23, false, 6, ACK, { 1, 1, 1, 1 } },
        { "a header that is too short", 20, false, 4, ACK, { 0 } },
        { "a segment size when it begins", 24, true, 6, SYN, { 2, 4, 5, 180 } },
        { "a segment size later", 24, false, 6, ACK, { 2, 4, 5, 180 } },
        { "a segment size of 63", 24, false, 6, SYN, { 2, 4, 0, 63 } },
        { "after padding", 28, false, 7, ACK, { 1, 1, 1, 2, 4, 5, 180, 0 } },
        { "after the end", 28, true, 7, ACK, { 0, 1, 1, 2, 4, 5, 180, 0 } },
        { "an option of no length", 24, false, 6, ACK, { 8, 0, 0, 0 } },
        { "an option past the end", 24, false, 6, ACK, { 8, 5, 0, 0 } },
    };

    sim_start(test_seed());
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t segment[28] = { 0 };
        struct pbuf *pbuf = pbuf_alloc(PBUF_RAW, (u16_t)cases[i].length, PBUF_RAM);

        segment[12] = (uint8_t)(cases[i].words << 4);
        segment[13] = cases[i].flags;
        memcpy(segment + 20, cases[i].options, sizeof(cases[i].options));
        (void)pbuf_take(pbuf, segment, (u16_t)cases[i].length);
        CHECK_EQ(tcp_segment_is_sane(pbuf), cases[i].is_sane, cases[i].why);
        (void)pbuf_free(pbuf);
    }
}
