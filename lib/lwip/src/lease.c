/* SPDX-License-Identifier: MIT */
#include "lwip_port/lease.h"

#include "lwip/prot/dhcp.h"
#include "lwip/prot/iana.h"
#include "lwip_port/lwip.h"
#include "pith/string.h"

/* Of an interface: the probes that were sent for the address it uses early; 0: it uses none. */
static uint8_t probes_id;

static uintptr_t probes_of(const struct netif *netif)
{
    return (uintptr_t)netif_get_client_data(netif, probes_id);
}

static void probes_set(struct netif *netif, uintptr_t probes)
{
    netif_set_client_data(netif, probes_id, (void *)probes);
}

void lease_start(void)
{
    probes_id = netif_alloc_client_data_id();
}

static bool is_checking(const struct netif *netif)
{
    const struct dhcp *dhcp = netif_dhcp_data(netif);

    return dhcp != NULL && dhcp->state == DHCP_STATE_CHECKING;
}

/* "Who has it?", by nobody (RFC 5227, 2.1.1). lwIP asks in the name of the address once the interface has it. */
static void probe_send(struct netif *netif, const ip4_addr_t *address)
{
    static const struct eth_addr everybody = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };
    struct pbuf *pbuf = pbuf_alloc(PBUF_LINK, SIZEOF_ETHARP_HDR, PBUF_RAM);

    if (pbuf == NULL) {
        return; /* as if it had been lost */
    }
    struct etharp_hdr *probe = pbuf->payload;

    *probe = (struct etharp_hdr){ .hwtype = PP_HTONS(LWIP_IANA_HWTYPE_ETHERNET),
                                  .proto = PP_HTONS(ETHTYPE_IP),
                                  .hwlen = ETH_HWADDR_LEN,
                                  .protolen = sizeof(*address),
                                  .opcode = PP_HTONS(ARP_REQUEST) };
    memcpy(&probe->shwaddr, netif->hwaddr, ETH_HWADDR_LEN);
    memcpy(&probe->dipaddr, address, sizeof(*address));
    (void)ethernet_output(netif, pbuf, &probe->shwaddr, &everybody, ETHTYPE_ARP);
    (void)pbuf_free(pbuf);
}

static void address_drop(struct netif *netif)
{
    probes_set(netif, 0);
    netif_set_addr(netif, IP4_ADDR_ANY4, IP4_ADDR_ANY4, IP4_ADDR_ANY4);
}

/* lwIP listens; it sent a probe before we came. Without a mask it will guess one: then the address comes when it is done. */
static void checking_follow(struct netif *netif, const struct dhcp *dhcp)
{
    if (probes_of(netif) == 0 || !ip4_addr_cmp(netif_ip4_addr(netif), &dhcp->offered_ip_addr)) {
        if (dhcp->subnet_mask_given) {
            probes_set(netif, dhcp->tries);
            netif_set_addr(netif, &dhcp->offered_ip_addr, &dhcp->offered_sn_mask,
                           &dhcp->offered_gw_addr);
        }
    } else if (probes_of(netif) < dhcp->tries) {
        probes_set(netif, dhcp->tries);
        probe_send(netif, &dhcp->offered_ip_addr);
    }
}

void lease_follow(struct netif *netif)
{
    if (is_checking(netif)) {
        checking_follow(netif, netif_dhcp_data(netif));
    } else if (probes_of(netif) != 0) {
        probes_set(netif, 0);
        /* Nobody was heard; or it begins again, since the link went or somebody ended it. */
        if (!dhcp_supplied_address(netif)) {
            address_drop(netif);
        }
    }
}

void lease_hear(struct netif *netif, const struct etharp_hdr *heard)
{
    ip4_addr_t sender;

    if (probes_of(netif) == 0 || !is_checking(netif)) {
        return;
    }
    memcpy(&sender, &heard->sipaddr, sizeof(sender));
    if (!ip4_addr_cmp(&sender, netif_ip4_addr(netif)) ||
        memcmp(&heard->shwaddr, netif->hwaddr, ETH_HWADDR_LEN) == 0) {
        return;
    }
    /* The address first: a DECLINE comes from nobody (RFC 2131, 4.4.1, table 5). */
    address_drop(netif);
    dhcp_arp_reply(netif, &sender);
}

bool lease_is_held(const struct netif *netif)
{
    return probes_of(netif) != 0 || dhcp_supplied_address(netif);
}

const struct ip4_addr *lease_contested(const struct netif *netif)
{
    const struct dhcp *dhcp = netif_dhcp_data(netif);

    return dhcp != NULL && dhcp->state == DHCP_STATE_BACKING_OFF ? &dhcp->offered_ip_addr : NULL;
}
