/* SPDX-License-Identifier: MIT */
/*
 * The interface of the stack to the driver's link. Frames are copied both ways: the stack checks lengths and then reads
 * them again, and a driver could change them in between.
 */
#include "net.h"

#include "link/client.h"
#include "lwip_port/input.h"
#include "lwip_port/lwip.h"
#include "net_core/net.h"
#include "pith/debug.h"

enum { FRAMES_PER_ROUND = 64 };

static struct {
    struct netif netif;
    struct link_client link;
    bool is_there;
    bool was_full;    /* a frame found no buffer */
    uint64_t changes; /* of the link, and its epochs, as followed */
    uint64_t epochs;
    struct link_counts counts;
} net;

static lwip_err_t frame_send(struct netif *netif, struct pbuf *pbuf)
{
    void *data = link_client_buffer(&net.link);

    (void)netif;
    if (data == NULL || pbuf->tot_len > LINK_BUFFER_BYTES) {
        net.counts.dropped++;
        net.was_full = true;
        return LWIP_ERR_MEM;
    }
    link_client_send(&net.link, pbuf_copy_partial(pbuf, data, pbuf->tot_len, 0));
    net.counts.sent++;
    return LWIP_ERR_OK;
}

static lwip_err_t interface_init(struct netif *netif)
{
    netif->name[0] = 'e';
    netif->name[1] = 'n';
    netif->hostname = "pith";
    netif->output = etharp_output;
    netif->output_ip6 = ethip6_output;
    netif->linkoutput = frame_send;
    netif->mtu = 1500;
    netif->hwaddr_len = ETH_HWADDR_LEN;
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET |
                   NETIF_FLAG_IGMP | NETIF_FLAG_MLD6;
    return LWIP_ERR_OK;
}

/* The first state tells the address: with it the interface begins. */
static void interface_start(const struct link_state *state)
{
    for (uint32_t i = 0; i < LINK_ADDRESS_BYTES; i++) {
        net.netif.hwaddr[i] = state->address[i];
    }
    net.netif.mtu = state->mtu;
    netif_create_ip6_linklocal_address(&net.netif, 1);
    netif_set_ip6_autoconfig_enabled(&net.netif, 1);
    netif_set_up(&net.netif);
    (void)dhcp_start(&net.netif);
}

static void state_follow(void)
{
    bool is_up = link_client_is_up(&net.link);
    bool is_new = net.epochs != net.link.epochs; /* perhaps the successor is there already */

    if (net.changes == net.link.changes) {
        return;
    }
    net.changes = net.link.changes;
    net.epochs = net.link.epochs;
    if (net.link.has_begun && !netif_is_up(&net.netif)) {
        interface_start(&net.link.state);
    }
    if ((is_new || !is_up) && netif_is_link_up(&net.netif)) {
        debug_printf("net: the link is down\n");
        netif_set_link_down(&net.netif);
    }
    if (is_up && !netif_is_link_up(&net.netif)) {
        debug_printf("net: the link is up\n");
        netif_set_link_up(&net.netif);
        net.was_full = true; /* what was dropped meanwhile */
    }
}

err_t link_start(void)
{
    uint32_t number;
    err_t err = session_find("link", false, 0, &number);

    if (err) {
        return err;
    }
    err = link_client_open(&net.link, number);
    if (err) {
        return err;
    }
    net.is_there = netif_add_noaddr(&net.netif, NULL, interface_init, lwip_port_input) != NULL;
    netif_set_default(&net.netif);
    return ERR_OK;
}

static void frame_take(const void *data, uint32_t bytes)
{
    connections_relieve();
    struct pbuf *pbuf = pbuf_alloc(PBUF_RAW, (u16_t)bytes, PBUF_POOL);

    net.counts.received++;
    if (pbuf == NULL || !netif_is_up(&net.netif)) {
        net.counts.dropped++;
        if (pbuf != NULL) {
            (void)pbuf_free(pbuf);
        }
        return;
    }
    (void)pbuf_take(pbuf, data, (u16_t)bytes);
    (void)net.netif.input(pbuf, &net.netif);
}

uint32_t link_work(void)
{
    const void *data;
    uint32_t bytes;
    uint32_t done = 0;

    if (!net.is_there) {
        return 0;
    }
    while (done < FRAMES_PER_ROUND && link_client_receive(&net.link, &data, &bytes)) {
        frame_take(data, bytes);
        done++;
    }
    state_follow();
    if (net.was_full) {
        net.was_full = false;
        peers_push();
    }
    return done;
}

bool link_rest(void)
{
    return !net.is_there || link_client_rest(&net.link);
}

struct link_counts link_counts(void)
{
    net.counts.refused = net.link.refused;
    net.counts.epochs = net.link.epochs;
    return net.counts;
}
