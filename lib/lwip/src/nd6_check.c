/* SPDX-License-Identifier: MIT */
/*
 * Messages of neighbour discovery are checked here before lwIP's nd6_input() sees them, whichever way
 * they came (module.mk gives that function another name). It believes the lengths of options, and
 * leaves out part of what RFC 4861 demands.
 */
#include "lwip_port/nd6_check.h"

#include <stdbool.h>

#include "lwip/ip.h"
#include "lwip/ip6.h"
#include "lwip/nd6.h"
#include "lwip/prot/icmp6.h"
#include "lwip/prot/nd6.h"

enum { OPTION_UNIT = 8, MTU_MIN = 1280, HOPS_UNROUTED = 255 };

/* Bytes before the options; 0: no such message. */
static uint16_t header_bytes(uint8_t type)
{
    switch (type) {
    case ICMP6_TYPE_RS:
        return 8;
    case ICMP6_TYPE_RA:
        return sizeof(struct ra_header);
    case ICMP6_TYPE_NS:
        return sizeof(struct ns_header);
    case ICMP6_TYPE_NA:
        return sizeof(struct na_header);
    case ICMP6_TYPE_RD:
        return sizeof(struct redirect_header);
    default:
        return 0;
    }
}

/* What every message has to be: RFC 4861, 6.1 and 7.1; not in fragments: RFC 6980. */
static bool options_are_sane(const uint8_t *bytes, uint16_t length, uint16_t at)
{
    while (at < length) {
        if (length - at < OPTION_UNIT || bytes[at + 1] == 0 ||
            bytes[at + 1] * OPTION_UNIT > length - at) {
            return false;
        }
        /* Addresses of our links have 6 bytes. */
        if ((bytes[at] == ND6_OPTION_TYPE_SOURCE_LLADDR ||
             bytes[at] == ND6_OPTION_TYPE_TARGET_LLADDR) &&
            bytes[at + 1] != 1) {
            return false;
        }
        at = (uint16_t)(at + bytes[at + 1] * OPTION_UNIT);
    }
    return true;
}

/* lwIP takes the first option of these for the link-layer address, whatever it is. */
static bool first_option_is_sane(const uint8_t *bytes, uint16_t length, uint16_t at)
{
    uint8_t wanted = ND6_OPTION_TYPE_TARGET_LLADDR;

    if (bytes[0] == ICMP6_TYPE_RA || bytes[0] == ICMP6_TYPE_RS || at == length) {
        return true;
    }
    if (bytes[0] == ICMP6_TYPE_NS) {
        if (ip6_addr_isany(ip6_current_src_addr())) {
            return bytes[at] != ND6_OPTION_TYPE_SOURCE_LLADDR;
        }
        wanted = ND6_OPTION_TYPE_SOURCE_LLADDR;
    }
    return bytes[at] == wanted || bytes[0] == ICMP6_TYPE_RD;
}

/* No link carries IPv6 with less (RFC 8200, 5), and fragments of nothing would never end. */
static bool mtu_is_sane(const struct pbuf *p)
{
    const uint8_t *bytes = p->payload;

    return p->len >= 8 && (bytes[4] != 0 || bytes[5] != 0 || bytes[6] * 256 + bytes[7] >= MTU_MIN);
}

bool nd6_message_is_sane(const struct pbuf *p)
{
    const uint8_t *bytes = p->payload;

    if (p->len != p->tot_len || p->len == 0) {
        return false;
    }
    if (bytes[0] == ICMP6_TYPE_PTB) {
        return mtu_is_sane(p);
    }
    uint16_t header = header_bytes(bytes[0]);

    return header != 0 && p->len >= header && bytes[1] == 0 &&
           IP6H_HOPLIM(ip6_current_header()) == HOPS_UNROUTED &&
           options_are_sane(bytes, p->len, header) && first_option_is_sane(bytes, p->len, header);
}

void nd6_input(struct pbuf *p, struct netif *inp)
{
    if (!nd6_message_is_sane(p)) {
        ND6_STATS_INC(nd6.drop);
        (void)pbuf_free(p);
        return;
    }
    nd6_input_unchecked(p, inp);
}
