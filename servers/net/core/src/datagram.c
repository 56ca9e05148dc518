/* SPDX-License-Identifier: MIT */
/* UDP: datagrams in the rings of a socket, each with a header (socket/wire.h). One that does not fit is dropped. */
#include "net_core/net.h"

#include "pith/string.h"

enum { PAD = 8, DATAGRAM_MAX = 65507 };

static uint8_t *ring_of(const struct socket *socket, bool is_send)
{
    uint8_t *data = session_data(&socket->peer->session);

    return data + socket->offset + (is_send ? socket->bytes : 0);
}

/* Positions are multiples of PAD, so a header wraps between its fields at most: it is copied in two parts. */
static void header_copy(const struct socket *socket, uint64_t position, bool is_send,
                        struct socket_datagram *header)
{
    uint8_t *ring = ring_of(socket, is_send);
    uint8_t *bytes = (uint8_t *)header;

    for (uint32_t i = 0; i < sizeof(*header); i += PAD) {
        uint8_t *place = ring + (position + i) % socket->bytes;

        if (is_send) {
            memcpy(bytes + i, place, PAD);
        } else {
            memcpy(place, bytes + i, PAD);
        }
    }
}

static uint64_t padded(uint64_t bytes)
{
    return (bytes + PAD - 1) & ~(uint64_t)(PAD - 1);
}

static void on_received(void *argument, struct udp_pcb *pcb, struct pbuf *pbuf,
                        const ip_addr_t *address, u16_t port)
{
    struct socket *socket = argument;
    struct socket_datagram header = { .bytes = pbuf->tot_len, .port = port };
    uint64_t need = sizeof(header) + padded(pbuf->tot_len);

    (void)pcb;
    if (need <= socket->bytes - (socket->received - socket->consumed)) {
        uint64_t at = (socket->received + sizeof(header)) % socket->bytes;
        uint64_t first = socket->bytes - at;
        uint8_t *ring = ring_of(socket, false);

        address_from(address, &header.address);
        header_copy(socket, socket->received, false, &header);
        first = first < pbuf->tot_len ? first : pbuf->tot_len;
        (void)pbuf_copy_partial(pbuf, ring + at, (u16_t)first, 0);
        (void)pbuf_copy_partial(pbuf, ring, (u16_t)(pbuf->tot_len - first), (u16_t)first);
        socket->received += need;
        socket_say(socket);
    }
    (void)pbuf_free(pbuf);
}

err_t datagrams_open(struct socket *socket, uint32_t port)
{
    struct udp_pcb *pcb;
    lwip_err_t error;

    if (!quota_take(QUOTA_DATAGRAMS, socket->peer->index)) {
        return ERR_NO_MEMORY;
    }
    pcb = udp_new_ip_type(IPADDR_TYPE_ANY);
    error = pcb == NULL ? LWIP_ERR_MEM : udp_bind(pcb, IP_ANY_TYPE, (u16_t)port);
    if (error != LWIP_ERR_OK) {
        if (pcb != NULL) {
            udp_remove(pcb);
        }
        quota_give(QUOTA_DATAGRAMS, socket->peer->index);
        return socket_error(error);
    }
    udp_recv(pcb, on_received, socket);
    socket->kind = KIND_DATAGRAMS;
    socket->udp = pcb;
    socket->flags = SOCKET_IS_OPEN;
    socket->port = pcb->local_port;
    socket_say(socket);
    return ERR_OK;
}

void datagrams_close(struct socket *socket)
{
    udp_remove(socket->udp);
    quota_give(QUOTA_DATAGRAMS, socket->peer->index);
}

/* Copied: one that waits for an address to be resolved may be sent later. */
static void datagram_send(struct socket *socket, const struct socket_datagram *header, uint64_t at)
{
    uint64_t first = socket->bytes - at;
    const uint8_t *ring = ring_of(socket, true);
    struct pbuf *pbuf;
    ip_addr_t address;

    address_to(&header->address, &address);
    if (!neighbour_may(socket->peer, &address)) {
        return; /* lost, as the network may lose it */
    }
    pbuf = pbuf_alloc(PBUF_TRANSPORT, (u16_t)header->bytes, PBUF_RAM);
    if (pbuf == NULL) {
        return;
    }
    first = first < header->bytes ? first : header->bytes;
    (void)pbuf_take(pbuf, ring + at, (u16_t)first);
    if (first < header->bytes) {
        (void)pbuf_take_at(pbuf, ring, (u16_t)(header->bytes - first), (u16_t)first);
    }
    (void)udp_sendto(socket->udp, pbuf, &address, (u16_t)header->port);
    (void)pbuf_free(pbuf);
}

bool datagrams_push(struct socket *socket)
{
    struct peer *peer = socket->peer;
    struct socket_datagram header;

    peer->rest &= ~(1ull << socket->number);
    while (socket->taken < socket->written) {
        uint64_t left = socket->written - socket->taken;

        if (left % PAD != 0 || left < sizeof(header)) {
            return false;
        }
        if (peer->datagrams_left == 0) {
            peer->rest |= 1ull << socket->number;
            break;
        }
        peer->datagrams_left--;
        header_copy(socket, socket->taken, true, &header);
        if (header.bytes > DATAGRAM_MAX || header.port > UINT16_MAX ||
            padded(header.bytes) > left - sizeof(header)) {
            return false;
        }
        datagram_send(socket, &header, (socket->taken + sizeof(header)) % socket->bytes);
        socket->taken += sizeof(header) + padded(header.bytes);
        socket->given = socket->taken;
    }
    socket_say(socket);
    return true;
}
