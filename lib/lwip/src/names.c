/* SPDX-License-Identifier: MIT */
/*
 * Servers for names. DHCP, DHCPv6 and routers each count theirs from 0: here those of IPv4 and of IPv6 have places of their
 * own, so that none puts out what another said.
 */
#include "lwip_port/names.h"

#include "lwip/dns.h"

enum { PER_FAMILY = DNS_MAX_SERVERS / 2 };

void dns_setserver(u8_t number, const ip_addr_t *server)
{
    bool is_kept = server != NULL && !ip_addr_isany(server) && !ip_addr_isloopback(server) &&
                   !ip_addr_ismulticast(server);

    if (server == NULL) {
        dns_setserver_unchecked(number, NULL);
    } else if (is_kept && number < PER_FAMILY) {
        dns_setserver_unchecked((u8_t)(number + (IP_IS_V6(server) ? PER_FAMILY : 0)), server);
    }
}
