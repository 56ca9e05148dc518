/* SPDX-License-Identifier: MIT */
/*
 * TCP connections. What is to be sent stays in the client's ring until the peer has acknowledged it: the stack refers to it
 * there. A client that changes it meanwhile harms its own stream only. What is received is copied into
 * the client's ring at once, for which there is room, since the window is never more than that.
 */
#include "net_core/net.h"

#include "pith/string.h"

enum {
    NEWS_PART = 4,
    WRITE_MAX = 16384,
    POLL_HALF_SECONDS = 1,
    RECVED_MAX = UINT16_MAX,
    SEGMENT_PIECES = 3, /* at most: headers, and data that wraps in its ring */
    OPTIONS_BYTES = 12, /* a time stamp */
};

static uint8_t *receive_ring(const struct socket *socket)
{
    return (uint8_t *)session_data(&socket->peer->session) + socket->offset;
}

static uint8_t *send_ring(const struct socket *socket)
{
    return receive_ring(socket) + socket->bytes;
}

/* The stack calls back no more; nothing of the connection refers to the client's ring. */
static void detach(struct tcp_pcb *pcb)
{
    tcp_arg(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_err(pcb, NULL);
    tcp_poll(pcb, NULL, 0);
}

void stream_abort(struct socket *socket)
{
    struct tcp_pcb *pcb = socket->tcp;

    detach(pcb);
    tcp_abort(pcb);
}

/* Both directions are over, or this one is and the other is of no interest: the stack does the rest alone. */
static bool finish(struct socket *socket)
{
    bool is_done = (socket->flags & SOCKET_AT_END) != 0 || (socket->wishes & SOCKET_CLOSE) != 0;
    struct tcp_pcb *pcb = socket->tcp;

    if (!socket->has_shut || socket->taken != socket->written || !is_done) {
        return false;
    }
    detach(pcb);
    (void)tcp_close(pcb); /* after a shutdown it cannot fail */
    socket_end(socket, ERR_OK);
    return true;
}

/*
 * One segment of each connection is not counted: each can always send that, whatever others of its client have waiting.
 */
static void pieces_count(struct socket *socket)
{
    uint32_t queue = socket->tcp->snd_queuelen;
    uint32_t pieces = queue < SEGMENT_PIECES ? 0 : queue - SEGMENT_PIECES;

    if (pieces != socket->pieces) {
        quota_change(QUOTA_PIECES, socket->peer->index, socket->pieces, pieces);
        socket->pieces = pieces;
    }
}

/* How much of what the peer has not acknowledged may wait now: no connection has more than is left for others of its client. */
static uint64_t pieces_bytes(const struct socket *socket)
{
    const struct tcp_pcb *pcb = socket->tcp;
    uint32_t segment = LWIP_MIN(pcb->mss, LWIP_MAX(pcb->snd_wnd_max / 2, 1));
    uint32_t room = quota_room(QUOTA_PIECES, socket->peer->index);
    uint32_t pieces = room > socket->pieces ? room - socket->pieces : 0;

    pieces += pcb->snd_queuelen < SEGMENT_PIECES ? SEGMENT_PIECES - pcb->snd_queuelen : 0;
    segment = segment > OPTIONS_BYTES ? segment - OPTIONS_BYTES : 1;
    return (uint64_t)(pieces / SEGMENT_PIECES) * segment;
}

static bool data_give(struct socket *socket)
{
    uint64_t at = socket->given % socket->bytes;
    uint64_t count = socket->written - socket->given;
    uint64_t room = tcp_sndbuf(socket->tcp);

    count = count < WRITE_MAX ? count : WRITE_MAX;
    count = count < socket->bytes - at ? count : socket->bytes - at;
    count = count < room ? count : room;
    room = pieces_bytes(socket);
    count = count < room ? count : room;
    if (count == 0 ||
        tcp_write(socket->tcp, send_ring(socket) + at, (u16_t)count, 0) != LWIP_ERR_OK) {
        return false;
    }
    pieces_count(socket);
    socket->given += count;
    return true;
}

void stream_push(struct socket *socket)
{
    if ((socket->flags & SOCKET_IS_OPEN) == 0) {
        return;
    }
    while (socket->given < socket->written && data_give(socket)) {
    }
    if ((socket->wishes & (SOCKET_SHUT | SOCKET_CLOSE)) != 0 && !socket->has_shut &&
        socket->given == socket->written) {
        socket->has_shut = tcp_shutdown(socket->tcp, 0, 1) == LWIP_ERR_OK;
    }
    if (!finish(socket)) {
        (void)tcp_output(socket->tcp);
    }
}

void stream_want(struct socket *socket)
{
    if ((socket->wishes & SOCKET_NO_DELAY) != 0) {
        tcp_nagle_disable(socket->tcp);
    }
    if ((socket->wishes & SOCKET_KEEP_ALIVE) != 0) {
        ip_set_option(socket->tcp, SOF_KEEPALIVE);
    }
}

static void window_open(struct tcp_pcb *pcb, uint64_t bytes)
{
    while (bytes > 0) {
        uint64_t part = bytes < RECVED_MAX ? bytes : RECVED_MAX;

        tcp_recved(pcb, (u16_t)part);
        bytes -= part;
    }
}

/*
 * The stack tells the peer of more room in steps that suit a large window, and of a segment at least, which over the loopback
 * interface is more than some rings hold: half of a small window is enough.
 */
void stream_consumed(struct socket *socket, uint64_t bytes)
{
    struct tcp_pcb *pcb = socket->tcp;

    if (bytes == 0) {
        return;
    }
    window_open(pcb, bytes);
    if (pcb->rcv_nxt + pcb->rcv_wnd - pcb->rcv_ann_right_edge >= socket->bytes / 2) {
        pcb->rcv_ann_wnd = pcb->rcv_wnd;
        tcp_ack_now(pcb);
        (void)tcp_output(pcb);
    }
}

static lwip_err_t on_received(void *argument, struct tcp_pcb *pcb, struct pbuf *pbuf,
                              lwip_err_t error)
{
    struct socket *socket = argument;

    (void)error;
    if (pbuf == NULL) {
        socket->flags |= SOCKET_AT_END;
        socket_say(socket);
        (void)finish(socket);
        return LWIP_ERR_OK;
    }
    if ((socket->wishes & SOCKET_CLOSE) != 0) {
        window_open(pcb, pbuf->tot_len);
        (void)pbuf_free(pbuf);
        return LWIP_ERR_OK;
    }
    uint64_t at = socket->received % socket->bytes;
    uint64_t first = socket->bytes - at;

    if (pbuf->tot_len > socket->bytes - (socket->received - socket->consumed)) {
        return LWIP_ERR_MEM; /* beyond the window */
    }
    first = first < pbuf->tot_len ? first : pbuf->tot_len;
    (void)pbuf_copy_partial(pbuf, receive_ring(socket) + at, (u16_t)first, 0);
    (void)pbuf_copy_partial(pbuf, receive_ring(socket), (u16_t)(pbuf->tot_len - first),
                            (u16_t)first);
    socket->received += pbuf->tot_len;
    (void)pbuf_free(pbuf);
    socket_say(socket);
    return LWIP_ERR_OK;
}

/* Each acknowledgement alone is not worth waking the client for: it hears of so much at once, and of the end. */
static void taken_say(struct socket *socket, uint64_t least)
{
    uint64_t unsaid = socket->taken - socket->said;

    if (unsaid >= least || (unsaid != 0 && socket->taken == socket->written)) {
        socket->said = socket->taken;
        socket_say(socket);
    }
}

static lwip_err_t on_sent(void *argument, struct tcp_pcb *pcb, u16_t bytes)
{
    struct socket *socket = argument;

    (void)pcb;
    pieces_count(socket);
    socket->taken += bytes;
    taken_say(socket, socket->bytes / NEWS_PART);
    stream_push(socket);
    return LWIP_ERR_OK;
}

static lwip_err_t on_poll(void *argument, struct tcp_pcb *pcb)
{
    (void)pcb;
    taken_say(argument, 1);
    stream_push(argument);
    return LWIP_ERR_OK;
}

static void on_error(void *argument, lwip_err_t error)
{
    struct socket *socket = argument;

    if (error == LWIP_ERR_CLSD) {
        socket->taken = socket->written;
    }
    socket_end(socket, socket_error(error)); /* the stack has freed it */
}

static void attach(struct socket *socket, struct tcp_pcb *pcb)
{
    socket->kind = KIND_STREAM;
    socket->tcp = pcb;
    tcp_arg(pcb, socket);
    tcp_recv(pcb, on_received);
    tcp_sent(pcb, on_sent);
    tcp_err(pcb, on_error);
    tcp_poll(pcb, on_poll, POLL_HALF_SECONDS);
}

void stream_adopt(struct socket *socket, struct tcp_pcb *pcb)
{
    attach(socket, pcb);
    socket->flags |= SOCKET_IS_OPEN;
    socket->port = pcb->remote_port;
    address_from(&pcb->remote_ip, &socket->address);
    window_open(pcb, socket->bytes - LISTEN_WINDOW);
    socket_say(socket);
    stream_push(socket);
}

static lwip_err_t on_connected(void *argument, struct tcp_pcb *pcb, lwip_err_t error)
{
    struct socket *socket = argument;
    tcpwnd_size_t most = TCP_WND_MAX(pcb);

    (void)error; /* it is always OK */
    pcb->rcv_wnd = pcb->rcv_ann_wnd = socket->bytes < most ? socket->bytes : most;
    socket->flags |= SOCKET_IS_OPEN;
    socket_say(socket);
    stream_push(socket);
    return LWIP_ERR_OK;
}

err_t stream_connect(struct socket *socket, const struct socket_request *request)
{
    struct tcp_pcb *pcb;
    lwip_err_t error;
    ip_addr_t address;

    address_to(&request->address, &address);
    if (request->port == 0) {
        return ERR_RANGE;
    }
    if (netif_default == NULL && !ip_addr_isloopback(&address)) {
        return ERR_IO; /* the stack would send to itself what is for others */
    }
    if (!neighbour_may(socket->peer, &address)) {
        return ERR_NO_MEMORY;
    }
    pcb = connection_new(socket->peer, IP_GET_TYPE(&address));
    if (pcb == NULL) {
        return ERR_NO_MEMORY;
    }
    error = tcp_connect(pcb, &address, (u16_t)request->port, on_connected);
    if (error != LWIP_ERR_OK) {
        tcp_abort(pcb);
        return socket_error(error);
    }
    attach(socket, pcb);
    socket->port = request->port;
    socket->address = request->address;
    return ERR_OK;
}
