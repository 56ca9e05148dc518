/* SPDX-License-Identifier: MIT */
/* For people: the link, and who carries on what is not for neighbours. */
#include "net.h"

#include "lwip_port/lease.h"
#include "lwip_port/lwip.h"
#include "net_core/net.h"
#include "pith/net_serve.h"

enum { BY_DHCP = 1, ANNOUNCED = 2 };

uint64_t word_of(const uint8_t *bytes)
{
    uint64_t word = 0;

    for (uint32_t i = 0; i < 8; i++) {
        word = word << 8 | bytes[i];
    }
    return word;
}

err_t net_on_link(struct client *client, struct net_link_results *results)
{
    const struct netif *netif = netif_default;

    (void)client;
    if (netif == NULL) {
        return ERR_GONE;
    }
    *results =
        (struct net_link_results){ .is_up = netif_is_link_up(netif) != 0, .mtu = netif->mtu };
    for (uint32_t i = 0; i < netif->hwaddr_len; i++) {
        results->address = results->address << 8 | netif->hwaddr[i];
    }
    return ERR_OK;
}

/* That of IPv4, then those of IPv6. */
static bool gateway_at(uint32_t index, ip_addr_t *address, uint32_t *flags)
{
    const struct netif *netif = netif_default;

    if (netif != NULL && !ip4_addr_isany(netif_ip4_gw(netif)) && index-- == 0) {
        ip_addr_copy_from_ip4(*address, *netif_ip4_gw(netif));
        *flags = lease_is_held(netif) ? BY_DHCP : 0;
        return true;
    }
    for (uint32_t i = 0; i < LWIP_ND6_NUM_ROUTERS; i++) {
        const struct nd6_neighbor_cache_entry *router = default_router_list[i].neighbor_entry;

        if (router != NULL && index-- == 0) {
            ip_addr_copy_from_ip6(*address, router->next_hop_address);
            *flags = ANNOUNCED;
            return true;
        }
    }
    return false;
}

err_t net_on_gateway(struct client *client, const struct net_gateway_args *args,
                     struct net_gateway_results *results)
{
    struct socket_address address;
    ip_addr_t found;
    uint32_t flags;

    (void)client;
    if (!gateway_at(args->index, &found, &flags)) {
        return ERR_RANGE;
    }
    address_from(&found, &address);
    *results = (struct net_gateway_results){ .address_high = word_of(address.bytes),
                                             .address_low = word_of(address.bytes + 8),
                                             .flags = flags };
    return ERR_OK;
}
