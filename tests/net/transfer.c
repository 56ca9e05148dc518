/* SPDX-License-Identifier: MIT */
#include "net_sim/transfer.h"

#include <string.h>

enum { PORT = 5001, PIECE = 8192 };

/* Byte @at of a stream. */
static uint8_t stream_byte(uint64_t seed, uint64_t at)
{
    uint64_t mixed = (at / 8 + seed) * 0x9e3779b97f4a7c15u;

    mixed ^= mixed >> 29;
    mixed *= 0xbf58476d1ce4e5b9u;
    return (uint8_t)(mixed >> (at % 8 * 8));
}

static void side_send(struct transfer *transfer, struct transfer_side *side)
{
    uint8_t piece[PIECE];

    while (side->pcb != NULL && side->sent < transfer->bytes) {
        uint64_t room = tcp_sndbuf(side->pcb);
        uint64_t left = transfer->bytes - side->sent;
        uint64_t length = room < PIECE ? room : PIECE;

        length = left < length ? left : length;
        for (uint64_t i = 0; i < length; i++) {
            piece[i] = stream_byte(side->seed, side->sent + i);
        }
        if (length == 0 ||
            tcp_write(side->pcb, piece, (u16_t)length, TCP_WRITE_FLAG_COPY) != LWIP_ERR_OK) {
            break;
        }
        side->sent += length;
    }
    if (side->pcb == NULL) {
        return;
    }
    (void)tcp_output(side->pcb);
    if (side->sent == transfer->bytes && side->pcb->state != CLOSED) {
        (void)tcp_shutdown(side->pcb, 0, 1);
    }
}

static void on_error(void *argument, lwip_err_t error)
{
    struct transfer_side *side = argument;

    side->pcb = NULL;
    side->error = error;
}

static lwip_err_t on_sent(void *argument, struct tcp_pcb *pcb, u16_t length)
{
    struct transfer_side *side = argument;

    (void)pcb;
    (void)length;
    side_send(side->owner, side);
    return LWIP_ERR_OK;
}

static lwip_err_t on_received(void *argument, struct tcp_pcb *pcb, struct pbuf *pbuf,
                              lwip_err_t error)
{
    struct transfer_side *side = argument;

    (void)error;
    if (pbuf == NULL) {
        side->has_peer_closed = true;
        return LWIP_ERR_OK;
    }
    for (const struct pbuf *part = pbuf; part != NULL; part = part->next) {
        for (u16_t i = 0; i < part->len; i++, side->received++) {
            side->wrong +=
                ((const uint8_t *)part->payload)[i] != stream_byte(side->peer_seed, side->received);
        }
    }
    tcp_recved(pcb, pbuf->tot_len);
    (void)pbuf_free(pbuf);
    return LWIP_ERR_OK;
}

static void side_adopt(struct transfer_side *side, struct tcp_pcb *pcb)
{
    side->pcb = pcb;
    tcp_arg(pcb, side);
    tcp_recv(pcb, on_received);
    tcp_sent(pcb, on_sent);
    tcp_err(pcb, on_error);
}

static lwip_err_t on_connected(void *argument, struct tcp_pcb *pcb, lwip_err_t error)
{
    struct transfer_side *side = argument;

    (void)pcb;
    (void)error;
    side_send(side->owner, side);
    return LWIP_ERR_OK;
}

static lwip_err_t on_accepted(void *argument, struct tcp_pcb *pcb, lwip_err_t error)
{
    struct transfer *transfer = argument;

    if (error != LWIP_ERR_OK || transfer->server.pcb != NULL) {
        return LWIP_ERR_ABRT;
    }
    side_adopt(&transfer->server, pcb);
    side_send(transfer, &transfer->server);
    return LWIP_ERR_OK;
}

/* The same address as that interface sees it: a link-local one means something on one link only. */
static ip_addr_t address_on(const ip_addr_t *address, const struct netif *netif)
{
    ip_addr_t on = *address;

    if (netif != NULL && IP_IS_V6(address)) {
        ip6_addr_set_zone(ip_2_ip6(&on), ip6_addr_has_scope(ip_2_ip6(&on), IP6_UNICAST)
                                             ? netif_get_index(netif)
                                             : 0);
    }
    return on;
}

bool transfer_begin(struct transfer *transfer, uint64_t bytes, const ip_addr_t *to,
                    struct netif *from_netif, struct netif *to_netif)
{
    struct tcp_pcb *listener = tcp_new_ip_type(IP_GET_TYPE(to));
    struct tcp_pcb *client = tcp_new_ip_type(IP_GET_TYPE(to));
    ip_addr_t here = address_on(to, to_netif);
    ip_addr_t there = address_on(to, from_netif);

    memset(transfer, 0, sizeof(*transfer));
    transfer->bytes = bytes;
    transfer->client = (struct transfer_side){ .owner = transfer, .seed = 1, .peer_seed = 2 };
    transfer->server = (struct transfer_side){ .owner = transfer, .seed = 2, .peer_seed = 1 };
    if (listener == NULL || client == NULL) {
        return false;
    }
    tcp_bind_netif(listener, to_netif);
    tcp_bind_netif(client, from_netif);
    if (tcp_bind(listener, &here, PORT) != LWIP_ERR_OK) {
        return false;
    }
    transfer->listener = tcp_listen(listener);
    tcp_arg(transfer->listener, transfer);
    tcp_accept(transfer->listener, on_accepted);
    side_adopt(&transfer->client, client);
    return tcp_connect(client, &there, PORT, on_connected) == LWIP_ERR_OK;
}

static bool side_is_done(const struct transfer *transfer, const struct transfer_side *side)
{
    return side->received == transfer->bytes && side->sent == transfer->bytes &&
           side->has_peer_closed;
}

bool transfer_is_done(void *context)
{
    const struct transfer *transfer = context;

    return side_is_done(transfer, &transfer->client) && side_is_done(transfer, &transfer->server);
}

static void side_end(struct transfer_side *side)
{
    if (side->pcb != NULL) {
        tcp_arg(side->pcb, NULL);
        tcp_recv(side->pcb, NULL);
        tcp_sent(side->pcb, NULL);
        tcp_err(side->pcb, NULL);
        if (tcp_close(side->pcb) != LWIP_ERR_OK) {
            tcp_abort(side->pcb);
        }
        side->pcb = NULL;
    }
}

void transfer_end(struct transfer *transfer)
{
    side_end(&transfer->client);
    side_end(&transfer->server);
    if (transfer->listener != NULL) {
        (void)tcp_close(transfer->listener);
        transfer->listener = NULL;
    }
}
