/* SPDX-License-Identifier: MIT */
/*
 * Neighbours of the link that do not answer. The stack looks for NET_NEIGHBOURS at once, and forgets those it knows in favour
 * of new ones; a client that sends to a thousand addresses where nobody is would make it forget all others. So each
 * client may have a few looked for at a time.
 */
#include "net_core/net.h"

#include "lwip/priv/nd6_priv.h"
#include "lwip_port/port.h"

#define LOOKUP_NS 5000000000ull /* as long as the stack looks for one */

_Static_assert(2 * LOOKUPS_MAX * QUOTA_CLIENTS <= NET_NEIGHBOURS, "half is for those that answer");

static bool is_known_v4(struct netif *netif, const ip4_addr_t *address)
{
    struct eth_addr *ethernet;
    const ip4_addr_t *found;

    return etharp_find_addr(netif, address, &ethernet, &found) >= 0;
}

static bool is_known_v6(const ip6_addr_t *address)
{
    for (uint32_t i = 0; i < LWIP_ND6_NUM_NEIGHBORS; i++) {
        const struct nd6_neighbor_cache_entry *entry = &neighbor_cache[i];

        if (entry->state != ND6_NO_ENTRY && entry->state != ND6_INCOMPLETE &&
            ip6_addr_cmp_zoneless(address, &entry->next_hop_address)) {
            return true;
        }
    }
    return false;
}

static bool is_known(struct netif *netif, const ip_addr_t *address)
{
    return IP_IS_V6(address) ? is_known_v6(ip_2_ip6(address))
                             : is_known_v4(netif, ip_2_ip4(address));
}

static bool is_on_link_v6(const struct netif *netif, const ip6_addr_t *address)
{
    if (ip6_addr_islinklocal(address)) {
        return true;
    }
    for (uint32_t i = 0; i < LWIP_IPV6_NUM_ADDRESSES; i++) {
        if (ip6_addr_isvalid(netif_ip6_addr_state(netif, i)) &&
            ip6_addr_netcmp_zoneless(address, netif_ip6_addr(netif, i))) {
            return true;
        }
    }
    return false;
}

/* Whether a packet to that address goes to whoever has that address, and not to a router or to all. */
static bool is_on_link(const struct netif *netif, const ip_addr_t *address)
{
    if (ip_addr_ismulticast(address) || ip_addr_isloopback(address) || ip_addr_isany(address)) {
        return false;
    }
    if (IP_IS_V6(address)) {
        return is_on_link_v6(netif, ip_2_ip6(address));
    }
    return !ip4_addr_isbroadcast(ip_2_ip4(address), netif) &&
           ip4_addr_netcmp(ip_2_ip4(address), netif_ip4_addr(netif), netif_ip4_netmask(netif));
}

bool neighbour_may(struct peer *peer, const ip_addr_t *address)
{
    struct netif *netif = netif_default;
    uint64_t now_ns = lwip_port_now_ns();
    struct lookup *place = NULL;

    if (netif == NULL || !is_on_link(netif, address) || is_known(netif, address)) {
        return true;
    }
    for (uint32_t i = 0; i < LOOKUPS_MAX; i++) {
        struct lookup *lookup = &peer->lookups[i];

        if (lookup->until_ns > now_ns && ip_addr_cmp_zoneless(&lookup->address, address)) {
            return true;
        }
        if (lookup->until_ns <= now_ns || is_known(netif, &lookup->address)) {
            place = lookup;
        }
    }
    if (place == NULL) {
        peer->unanswered++;
        return false;
    }
    *place = (struct lookup){ .address = *address, .until_ns = now_ns + LOOKUP_NS };
    return true;
}
