/* SPDX-License-Identifier: MIT */
#include "net_core/net.h"

#include "lwip_port/lease.h"
#include "pith/debug.h"
#include "pith/string.h"

enum { BY_DHCP = 1, BY_AUTOCONFIGURATION = 2, LOOPBACK = 4, PREFIX_V6 = 64, PREFIX_MAPPED = 96 };

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

void address_from(const ip_addr_t *from, struct socket_address *to)
{
    if (IP_IS_V6(from)) {
        memcpy(to->bytes, ip_2_ip6(from)->addr, 16);
    } else {
        memcpy(to->bytes, mapped, sizeof(mapped));
        memcpy(to->bytes + sizeof(mapped), &ip_2_ip4(from)->addr, 4);
    }
}

void address_to(const struct socket_address *from, ip_addr_t *to)
{
    memset(to, 0, sizeof(*to));
    if (memcmp(from->bytes, mapped, sizeof(mapped)) == 0) {
        IP_SET_TYPE_VAL(*to, IPADDR_TYPE_V4);
        memcpy(&ip_2_ip4(to)->addr, from->bytes + sizeof(mapped), 4);
    } else {
        IP_SET_TYPE_VAL(*to, IPADDR_TYPE_V6);
        memcpy(ip_2_ip6(to)->addr, from->bytes, 16);
        /* A link-local one means something on one link only: ours, if there is one. */
        if (netif_default != NULL) {
            ip6_addr_assign_zone(ip_2_ip6(to), IP6_UNKNOWN, netif_default);
        }
    }
}

static bool is_loop(const struct netif *netif)
{
    return netif->name[0] == 'l' && netif->name[1] == 'o';
}

static uint32_t prefix_of_v4(const struct netif *netif)
{
    uint32_t bits = 0;

    for (uint32_t mask = netif_ip4_netmask(netif)->addr; mask != 0; mask &= mask - 1) {
        bits++;
    }
    return bits;
}

static bool has_address(const struct netif *netif, uint32_t index)
{
    return index == 0 ? !ip4_addr_isany(netif_ip4_addr(netif))
                      : ip6_addr_isvalid(netif_ip6_addr_state(netif, index - 1));
}

/* Number @index of an interface: 0 is the IPv4 address, the rest are those of IPv6. False: it has none there. */
static bool address_of(const struct netif *netif, uint32_t index, struct socket_address *address,
                       uint32_t *prefix, uint32_t *flags)
{
    *flags = is_loop(netif) ? LOOPBACK : 0;
    if (index == 0) {
        *prefix = PREFIX_MAPPED + prefix_of_v4(netif);
        *flags |= lease_is_held(netif) ? BY_DHCP : 0;
        address_from(netif_ip_addr4(netif), address);
        return has_address(netif, index);
    }
    *prefix = PREFIX_V6;
    *flags |= is_loop(netif) ? 0 : BY_AUTOCONFIGURATION;
    address_from(netif_ip_addr6(netif, index - 1), address);
    return has_address(netif, index);
}

err_t address_get(uint32_t index, struct socket_address *address, uint32_t *prefix, uint32_t *flags)
{
    for (const struct netif *netif = netif_list; netif != NULL; netif = netif->next) {
        for (uint32_t i = 0; i <= LWIP_IPV6_NUM_ADDRESSES; i++) {
            if (address_of(netif, i, address, prefix, flags) && index-- == 0) {
                return ERR_OK;
            }
        }
    }
    return ERR_RANGE;
}

err_t address_of_name_server(uint32_t index, struct socket_address *address)
{
    for (uint8_t i = 0; i < DNS_MAX_SERVERS; i++) {
        const ip_addr_t *server = dns_getserver(i);

        if (!ip_addr_isany(server) && index-- == 0) {
            address_from(server, address);
            return ERR_OK;
        }
    }
    return ERR_RANGE;
}

/* That DHCP gave an address which another machine has, once each time. */
static void conflict_say(const struct netif *netif)
{
    static bool is_said;
    const ip4_addr_t *address = netif != NULL ? lease_contested(netif) : NULL;

    if (address != NULL && !is_said) {
        debug_printf("net: %s is another machine's, and declined; DHCP is asked again in 10 s\n",
                     ip4addr_ntoa(address));
    }
    is_said = address != NULL;
}

/* Lines of before, to say only what is new. */
void addresses_say(void)
{
    static ip_addr_t said[LWIP_IPV6_NUM_ADDRESSES + 1];
    const struct netif *netif = netif_default;
    struct socket_address address;
    uint32_t prefix;
    uint32_t flags;

    conflict_say(netif);
    for (uint32_t i = 0; netif != NULL && i <= LWIP_IPV6_NUM_ADDRESSES; i++) {
        const ip_addr_t *now = i == 0 ? netif_ip_addr4(netif) : netif_ip_addr6(netif, i - 1);

        if (ip_addr_cmp(now, &said[i])) {
            continue; /* as in nearly every round */
        }
        if (!has_address(netif, i)) {
            if (i == 0) {
                debug_printf("net: %s is given back\n", ipaddr_ntoa(&said[0]));
                ip_addr_set_zero_ip4(&said[0]);
            }
            continue;
        }
        (void)address_of(netif, i, &address, &prefix, &flags);
        said[i] = *now;
        debug_printf("net: %s/%u%s\n", ipaddr_ntoa(now), i == 0 ? prefix - PREFIX_MAPPED : prefix,
                     (flags & BY_DHCP) != 0 ? " by DHCP" : "");
    }
}
