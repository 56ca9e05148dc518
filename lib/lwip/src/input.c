/* SPDX-License-Identifier: MIT */
#include "lwip_port/input.h"

#include <stdbool.h>

#include "lwip_port/ip6_check.h"
#include "lwip_port/lease.h"
#include "pith/string.h"

enum { ARP_BYTES = 28 };

static struct input_stats stats;

/*
 * ip4_input() asks for lengths, but for one: where a packet is not for us, it looks at the ports of UDP
 * for DHCP's. A last fragment may rightly be that short.
 */
static bool ipv4_is_sane(const uint8_t *packet, size_t length, const struct netif *netif)
{
    if (length < IP_HLEN) {
        return false;
    }
    size_t header = (size_t)(packet[0] & 15) * 4;
    size_t said = (size_t)(packet[2] << 8 | packet[3]);

    if (said > length || said < header || header < IP_HLEN) {
        return false;
    }
    if (packet[9] != IP_PROTO_UDP || said - header >= UDP_HLEN) {
        return true;
    }
    bool is_later_fragment = (packet[6] & 0x1f) != 0 || packet[7] != 0;

    return is_later_fragment && memcmp(packet + 16, netif_ip4_addr(netif), 4) == 0;
}

static bool ipv6_is_sane(const uint8_t *packet, size_t length)
{
    /* ip6_input() reads the header, then asks for the length. */
    if (length < IP6_HLEN) {
        return false;
    }
    size_t said = IP6_HLEN + (size_t)(packet[4] << 8 | packet[5]);

    /* What follows the packet in its frame is not part of it. */
    return said <= length && ip6_chain_is_sane(packet, said);
}

/* In one piece: what a driver receives is, and the checks need not care then. */
static bool frame_is_sane(const struct pbuf *pbuf, const struct netif *netif)
{
    const struct eth_hdr *ethernet = pbuf->payload;

    if (pbuf->len != pbuf->tot_len || pbuf->len < SIZEOF_ETH_HDR) {
        return false;
    }
    switch (ethernet->type) {
    case PP_HTONS(ETHTYPE_ARP): /* etharp_input() never asks for the length. */
        return pbuf->len >= SIZEOF_ETH_HDR + ARP_BYTES;
    case PP_HTONS(ETHTYPE_IP):
        return ipv4_is_sane((const uint8_t *)(ethernet + 1), pbuf->len - SIZEOF_ETH_HDR, netif);
    case PP_HTONS(ETHTYPE_IPV6):
        return ipv6_is_sane((const uint8_t *)(ethernet + 1), pbuf->len - SIZEOF_ETH_HDR);
    default:
        return true;
    }
}

lwip_err_t lwip_port_input(struct pbuf *pbuf, struct netif *netif)
{
    if (!frame_is_sane(pbuf, netif)) {
        stats.refused++;
        (void)pbuf_free(pbuf);
        return LWIP_ERR_OK;
    }
    stats.accepted++;
    const struct eth_hdr *ethernet = pbuf->payload;

    if (ethernet->type == PP_HTONS(ETHTYPE_ARP)) {
        lease_hear(netif, (const struct etharp_hdr *)(ethernet + 1));
    }
    if (ethernet_input(pbuf, netif) != LWIP_ERR_OK) {
        (void)pbuf_free(pbuf);
    }
    return LWIP_ERR_OK;
}

struct input_stats lwip_port_input_stats(void)
{
    return stats;
}
