/* SPDX-License-Identifier: MIT */
/*
 * The sessions. Must stay true: nothing is done for a client that has not begun in the present epoch, and a state of an
 * earlier epoch is never sent in a later one. A client that lies loses its sockets; nobody else notices.
 */
#include "net_core/net.h"

enum { REQUESTS_PER_ROUND = 32, DATAGRAMS_PER_ROUND = 128 };

static struct {
    struct peer peers[PEERS_MAX];
    uint32_t count;
    uint32_t first; /* of this round: who comes first finds most room in the stack */
    uint64_t refused;
} all;

err_t peers_open(void)
{
    uint32_t number;

    while (session_find("net", true, all.count, &number) == ERR_OK) {
        if (all.count == PEERS_MAX) {
            return ERR_NO_MEMORY;
        }
        struct peer *peer = &all.peers[all.count];
        err_t err = session_open(&peer->session, number);

        if (err) {
            return err;
        }
        peer->index = all.count;
        for (uint32_t i = 0; i < SOCKETS_MAX; i++) {
            peer->sockets[i].peer = peer;
            peer->sockets[i].number = i;
        }
        all.count++;
    }
    return ERR_OK;
}

void peer_reset(struct peer *peer, err_t err)
{
    for (uint32_t i = 0; i < SOCKETS_MAX; i++) {
        if (peer->sockets[i].kind != KIND_FREE) {
            socket_cut(&peer->sockets[i], err);
        }
    }
}

/* The client died: its successor knows nothing of its sockets. */
static void epoch_begin(struct peer *peer)
{
    peer_reset(peer, ERR_GONE);
    peer->has_begun = peer->has_answer = peer->is_lying = false;
    peer->news = 0;
}

static void lie(struct peer *peer)
{
    all.refused++;
    peer_reset(peer, ERR_BAD_CALL);
}

static void request_take(struct peer *peer, const struct socket_request *request)
{
    if (request->operation == SOCKET_BEGIN && !peer->has_begun) {
        peer->has_begun = peer->has_answer = true;
        peer->tag = request->life;
    } else if (!peer->has_begun || socket_request(peer, request) != ERR_OK) {
        lie(peer);
    }
}

/* What was left over of the last round. */
static uint32_t peer_go_on(struct peer *peer)
{
    uint32_t done = 0;

    peer->datagrams_left = DATAGRAMS_PER_ROUND;
    for (uint64_t left = peer->rest; left != 0; left &= left - 1) {
        done++;
        if (socket_go_on(&peer->sockets[__builtin_ctzll(left)]) != ERR_OK) {
            lie(peer);
            break;
        }
    }
    return done;
}

static uint32_t peer_work(struct peer *peer)
{
    struct socket_request request;
    uint32_t done = peer_go_on(peer);

    while (!peer->is_lying && done < REQUESTS_PER_ROUND) {
        err_t err = session_receive(&peer->session, &request);

        if (err == ERR_WOULD_BLOCK) {
            break;
        }
        if (err == ERR_GONE) {
            epoch_begin(peer);
        } else if (err != ERR_OK) {
            peer->is_lying = true;
            lie(peer);
        } else {
            request_take(peer, &request);
        }
        done++;
    }
    return done;
}

uint32_t peers_work(void)
{
    uint32_t done = 0;

    for (uint32_t i = 0; i < all.count; i++) {
        done += peer_work(&all.peers[(all.first + i) % all.count]);
    }
    all.first++;
    return done;
}

void peers_heard(uint64_t bits)
{
    for (uint32_t i = 0; i < all.count; i++) {
        if (bits & 1ull << (EVENT_SESSION_FIRST + all.peers[i].session.number)) {
            all.peers[i].is_lying = false;
        }
    }
}

static err_t answer_send(struct peer *peer)
{
    struct socket_state state = { .operation = SOCKET_BEGIN, .life = peer->tag };
    err_t err = session_send(&peer->session, &state);

    peer->has_answer &= err != ERR_OK;
    return err;
}

static err_t state_send(struct peer *peer, const struct socket *socket)
{
    struct socket_state state = {
        .operation = SOCKET_STATE,
        .socket = socket->number,
        .life = socket->life,
        .flags = socket->flags,
        .received = socket->received,
        .taken = socket->taken,
        .error = socket->error,
        .port = socket->port,
        .address = socket->address,
    };
    err_t err = session_send(&peer->session, &state);

    if (err == ERR_OK) {
        peer->news &= ~(1ull << socket->number);
    }
    return err;
}

/* True: all has been said. */
static bool peer_say(struct peer *peer)
{
    err_t err = peer->has_answer ? answer_send(peer) : ERR_OK;

    while (err == ERR_OK && peer->news != 0) {
        err = state_send(peer, &peer->sockets[__builtin_ctzll(peer->news)]);
    }
    if (err == ERR_GONE) {
        epoch_begin(peer);
    } else if (err == ERR_RANGE && !peer->is_lying) {
        peer->is_lying = true;
        lie(peer);
    }
    return err != ERR_WOULD_BLOCK;
}

static bool peer_rest(struct peer *peer)
{
    if (peer->is_lying) {
        return true;
    }
    if (!peer_say(peer) && !session_rest_full(&peer->session)) {
        return false;
    }
    return session_rest(&peer->session) || peer->is_lying;
}

bool peers_rest(void)
{
    bool may_sleep = true;

    for (uint32_t i = 0; i < all.count; i++) {
        may_sleep &= peer_rest(&all.peers[i]);
    }
    return may_sleep;
}

uint64_t peers_refused(void)
{
    return all.refused;
}

void peers_push(void)
{
    for (uint32_t i = 0; i < all.count * SOCKETS_MAX; i++) {
        struct socket *socket = &all.peers[i / SOCKETS_MAX].sockets[i % SOCKETS_MAX];

        if (socket->kind == KIND_STREAM) {
            stream_push(socket);
        }
    }
}
