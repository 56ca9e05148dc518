/* SPDX-License-Identifier: MIT */
/* What clients want of their sockets: checked here, and here alone. */
#include "net_core/net.h"

enum { OFFSET_STEP = 8 };

err_t socket_error(lwip_err_t error)
{
    switch (error) {
    case LWIP_ERR_OK:
    case LWIP_ERR_CLSD:
        return ERR_OK;
    case LWIP_ERR_MEM:
    case LWIP_ERR_BUF:
        return ERR_NO_MEMORY;
    case LWIP_ERR_TIMEOUT:
    case LWIP_ERR_ABRT: /* tried as often as it may be */
        return ERR_TIMED_OUT;
    case LWIP_ERR_USE:
        return ERR_BUSY;
    case LWIP_ERR_VAL:
    case LWIP_ERR_ARG:
        return ERR_RANGE;
    case LWIP_ERR_RST:
        return ERR_GONE;
    default:
        return ERR_IO;
    }
}

void socket_end(struct socket *socket, err_t err)
{
    quota_change(QUOTA_PIECES, socket->peer->index, socket->pieces, 0);
    socket->pieces = 0;
    socket->peer->rest &= ~(1ull << socket->number);
    socket->kind = KIND_FREE;
    socket->tcp = NULL;
    socket->flags = (socket->flags & ~(uint32_t)SOCKET_IS_OPEN) | SOCKET_HAS_ENDED;
    socket->error = (uint32_t)err;
    socket_say(socket);
}

void socket_cut(struct socket *socket, err_t err)
{
    switch (socket->kind) {
    case KIND_LISTENER:
        listener_close(socket);
        break;
    case KIND_STREAM:
        stream_abort(socket);
        break;
    case KIND_DATAGRAMS:
        datagrams_close(socket);
        break;
    default:
        break;
    }
    socket_end(socket, err);
}

static bool rings_are_allowed(const struct peer *peer, const struct socket_request *request)
{
    uint64_t bytes = request->bytes;

    return bytes >= SOCKET_RING_MIN && bytes <= SOCKET_RING_MAX && (bytes & (bytes - 1)) == 0 &&
           request->offset % OFFSET_STEP == 0 && request->offset <= peer->session.data_bytes &&
           2 * bytes <= peer->session.data_bytes - request->offset;
}

static err_t accept(struct socket *socket, const struct socket_request *request)
{
    const struct peer *peer = socket->peer;

    if (request->number >= SOCKETS_MAX || peer->sockets[request->number].kind != KIND_LISTENER) {
        return ERR_NO_ENTRY;
    }
    socket->kind = KIND_ACCEPTING;
    socket->listener = request->number;
    listener_match(socket);
    return ERR_OK;
}

static err_t begin(struct socket *socket, const struct socket_request *request)
{
    bool has_rings = request->operation != SOCKET_LISTEN;

    if (request->port > UINT16_MAX || (has_rings && !rings_are_allowed(socket->peer, request))) {
        return ERR_RANGE;
    }
    if (has_rings) {
        socket->offset = request->offset;
        socket->bytes = request->bytes;
    }
    switch (request->operation) {
    case SOCKET_LISTEN:
        return listener_open(socket, request->port, request->number);
    case SOCKET_ACCEPT:
        return accept(socket, request);
    case SOCKET_CONNECT:
        return stream_connect(socket, request);
    default:
        return datagrams_open(socket, request->port);
    }
}

/* A number may begin a new life when the client could have heard of the end of the last one. */
static err_t socket_begin(struct socket *socket, const struct socket_request *request)
{
    err_t err;

    if (socket->kind != KIND_FREE || (socket->peer->news >> socket->number & 1) != 0) {
        return ERR_BAD_CALL;
    }
    *socket =
        (struct socket){ .peer = socket->peer, .number = socket->number, .life = request->life };
    err = begin(socket, request);
    if (err) {
        socket_end(socket, err);
    }
    return ERR_OK;
}

static bool update_is_allowed(const struct socket *socket, const struct socket_request *request)
{
    bool may_write = (socket->wishes & (SOCKET_SHUT | SOCKET_CLOSE)) == 0;

    return request->consumed >= socket->consumed && request->consumed <= socket->received &&
           request->written >= socket->written &&
           request->written - socket->taken <= socket->bytes &&
           (may_write || request->written == socket->written);
}

static void stream_update(struct socket *socket, uint64_t consumed)
{
    stream_want(socket);
    if ((socket->flags & SOCKET_IS_OPEN) == 0 && (socket->wishes & SOCKET_CLOSE) != 0) {
        socket_cut(socket, ERR_OK);
        return;
    }
    stream_consumed(socket, consumed);
    stream_push(socket);
}

err_t socket_go_on(struct socket *socket)
{
    if (socket->kind != KIND_DATAGRAMS) {
        return ERR_OK;
    }
    if (!datagrams_push(socket)) {
        return ERR_BAD_CALL;
    }
    if ((socket->wishes & SOCKET_CLOSE) != 0 && socket->taken == socket->written) {
        socket_cut(socket, ERR_OK);
    }
    return ERR_OK;
}

static err_t socket_update(struct socket *socket, const struct socket_request *request)
{
    uint64_t consumed = request->consumed - socket->consumed;

    if (socket->kind == KIND_FREE || request->life != socket->life) {
        return ERR_OK; /* it has just ended */
    }
    if (!update_is_allowed(socket, request)) {
        return ERR_BAD_CALL;
    }
    socket->consumed = request->consumed;
    socket->written = request->written;
    socket->wishes |= request->flags;
    if ((socket->wishes & SOCKET_ABORT) != 0) {
        socket_cut(socket, ERR_OK);
    } else if (socket->kind == KIND_STREAM) {
        stream_update(socket, consumed);
    } else if (socket->kind == KIND_DATAGRAMS) {
        return socket_go_on(socket);
    } else if ((socket->wishes & SOCKET_CLOSE) != 0) {
        socket_cut(socket, ERR_OK);
    }
    return ERR_OK;
}

err_t socket_request(struct peer *peer, const struct socket_request *request)
{
    if (request->socket >= SOCKETS_MAX) {
        return ERR_BAD_CALL;
    }
    struct socket *socket = &peer->sockets[request->socket];

    switch (request->operation) {
    case SOCKET_LISTEN:
    case SOCKET_ACCEPT:
    case SOCKET_CONNECT:
    case SOCKET_DATAGRAMS:
        return socket_begin(socket, request);
    case SOCKET_UPDATE:
        return socket_update(socket, request);
    default:
        return ERR_BAD_CALL;
    }
}
