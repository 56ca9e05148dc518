/* SPDX-License-Identifier: MIT */
/*
 * Listeners, and connections that nobody has accepted yet. Those get LISTEN_WINDOW of window, and the stack holds what the peer
 * sends into it: refused data, one segment.
 */
#include "net_core/net.h"

#include "pith/debug.h"

struct waiting {
    struct tcp_pcb *pcb; /* NULL: free */
    struct socket *listener;
    uint64_t order;
    bool is_at_end;
};

static struct {
    struct waiting waiting[NET_TCP_WAITING];
    uint64_t order;
} all;

/* Before the answer to a SYN is made: it announces the window. A peer that hears nothing tries again. */
static lwip_err_t on_opened(u8_t id, struct tcp_pcb_listen *listener, struct tcp_pcb *pcb)
{
    struct socket *socket = listener->callback_arg;

    (void)id;
    if (!connection_admit(socket->peer, pcb)) {
        return LWIP_ERR_MEM;
    }
    pcb->rcv_wnd = pcb->rcv_ann_wnd = LISTEN_WINDOW;
    return LWIP_ERR_OK;
}

static void waiting_free(struct waiting *waiting)
{
    waiting->pcb = NULL;
    quota_give(QUOTA_WAITING, waiting->listener->peer->index);
}

static void waiting_release(struct waiting *waiting)
{
    tcp_arg(waiting->pcb, NULL);
    tcp_err(waiting->pcb, NULL);
    tcp_recv(waiting->pcb, NULL);
    waiting_free(waiting);
}

static void on_early_error(void *argument, lwip_err_t error)
{
    struct waiting *waiting = argument;

    (void)error;
    waiting_free(waiting); /* the stack has freed the connection */
}

static lwip_err_t on_early_data(void *argument, struct tcp_pcb *pcb, struct pbuf *pbuf,
                                lwip_err_t error)
{
    struct waiting *waiting = argument;

    (void)pcb;
    (void)error;
    if (pbuf == NULL) {
        waiting->is_at_end = true;
        return LWIP_ERR_OK;
    }
    return LWIP_ERR_MEM; /* later */
}

static struct socket *accepting_find(struct socket *listener)
{
    for (uint32_t i = 0; i < SOCKETS_MAX; i++) {
        struct socket *socket = &listener->peer->sockets[i];

        if (socket->kind == KIND_ACCEPTING && socket->listener == listener->number) {
            return socket;
        }
    }
    return NULL;
}

static lwip_err_t connection_keep(struct socket *listener, struct tcp_pcb *pcb)
{
    if (!quota_take(QUOTA_WAITING, listener->peer->index)) {
        return LWIP_ERR_MEM; /* and the stack resets it */
    }
    for (uint32_t i = 0; i < NET_TCP_WAITING; i++) {
        struct waiting *waiting = &all.waiting[i];

        if (waiting->pcb == NULL) {
            *waiting = (struct waiting){ .pcb = pcb, .listener = listener, .order = all.order++ };
            tcp_backlog_delayed(pcb);
            tcp_arg(pcb, waiting);
            tcp_err(pcb, on_early_error);
            tcp_recv(pcb, on_early_data);
            return LWIP_ERR_OK;
        }
    }
    quota_give(QUOTA_WAITING, listener->peer->index);
    return LWIP_ERR_MEM;
}

static lwip_err_t on_accept(void *argument, struct tcp_pcb *pcb, lwip_err_t error)
{
    struct socket *listener = argument;

    if (error != LWIP_ERR_OK || pcb == NULL || listener == NULL) {
        return LWIP_ERR_VAL;
    }
    struct socket *socket = accepting_find(listener);

    if (socket == NULL) {
        return connection_keep(listener, pcb);
    }
    stream_adopt(socket, pcb);
    return LWIP_ERR_OK;
}

static err_t listen(struct socket *socket, struct tcp_pcb *pcb, uint32_t port, uint32_t backlog)
{
    static const struct tcp_ext_arg_callbacks callbacks = { .passive_open = on_opened };
    lwip_err_t error;

    ip_set_option(pcb, SOF_REUSEADDR);
    error = tcp_bind(pcb, IP_ANY_TYPE, (u16_t)port);
    if (error == LWIP_ERR_OK) {
        socket->tcp = tcp_listen_with_backlog_and_err(pcb, (u8_t)backlog, &error);
    }
    if (error != LWIP_ERR_OK) {
        return socket_error(error);
    }
    tcp_ext_arg_set_callbacks(socket->tcp, connection_owner_id(), &callbacks);
    tcp_arg(socket->tcp, socket);
    tcp_accept(socket->tcp, on_accept);
    return ERR_OK;
}

err_t listener_open(struct socket *socket, uint32_t port, uint32_t backlog)
{
    struct tcp_pcb *pcb;
    err_t err;

    if (port == 0 || backlog == 0 || backlog > SOCKET_BACKLOG_MAX) {
        return ERR_RANGE;
    }
    if (!quota_take(QUOTA_LISTENERS, socket->peer->index)) {
        return ERR_NO_MEMORY;
    }
    pcb = tcp_new_ip_type(IPADDR_TYPE_ANY); /* a connection, until it listens */
    if (pcb == NULL) {
        quota_give(QUOTA_LISTENERS, socket->peer->index);
        return ERR_NO_MEMORY;
    }
    err = listen(socket, pcb, port, backlog);
    if (err) {
        (void)tcp_close(pcb); /* it never was connected: it is freed */
        quota_give(QUOTA_LISTENERS, socket->peer->index);
        return err;
    }
    socket->kind = KIND_LISTENER;
    socket->flags = SOCKET_IS_OPEN;
    socket->port = port;
    socket_say(socket);
    return ERR_OK;
}

void listener_close(struct socket *socket)
{
    struct socket *accepting;

    (void)tcp_close(socket->tcp);
    quota_give(QUOTA_LISTENERS, socket->peer->index);
    for (uint32_t i = 0; i < NET_TCP_WAITING; i++) {
        struct waiting *waiting = &all.waiting[i];

        if (waiting->pcb != NULL && waiting->listener == socket) {
            struct tcp_pcb *pcb = waiting->pcb;

            waiting_release(waiting);
            tcp_abort(pcb);
        }
    }
    while ((accepting = accepting_find(socket)) != NULL) {
        socket_end(accepting, ERR_GONE);
    }
}

static struct waiting *oldest_waiting(const struct socket *listener)
{
    struct waiting *oldest = NULL;

    for (uint32_t i = 0; i < NET_TCP_WAITING; i++) {
        struct waiting *waiting = &all.waiting[i];

        if (waiting->pcb != NULL && waiting->listener == listener &&
            (oldest == NULL || waiting->order < oldest->order)) {
            oldest = waiting;
        }
    }
    return oldest;
}

void listener_match(struct socket *accepting)
{
    struct waiting *waiting = oldest_waiting(&accepting->peer->sockets[accepting->listener]);

    if (waiting == NULL) {
        return;
    }
    struct tcp_pcb *pcb = waiting->pcb;

    accepting->flags = waiting->is_at_end ? SOCKET_AT_END : 0;
    waiting_release(waiting);
    tcp_backlog_accepted(pcb);
    stream_adopt(accepting, pcb);
    if (pcb->refused_data != NULL) {
        (void)tcp_process_refused_data(pcb);
    }
}
