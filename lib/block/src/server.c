/* SPDX-License-Identifier: MIT */
/*
 * Must stay true: a client gets no more jobs than there is room for their completions, so that one that takes no
 * completions stops itself alone; and no job is taken from a session while jobs of its earlier epochs run.
 */
#include "block/server.h"

void block_server_init(struct block_server *server, const struct block_limits *limits,
                       uint32_t quota)
{
    server->limits = *limits;
    server->quota = quota;
    server->peer_count = server->turn = 0;
    server->served = server->refused = server->failed = server->lost = 0;
}

err_t block_server_add(struct block_server *server, uint32_t session)
{
    if (server->peer_count == BLOCK_PEERS_MAX) {
        return ERR_NO_MEMORY;
    }
    struct block_peer *peer = &server->peers[server->peer_count];
    err_t err;

    peer->generation = peer->in_flight = peer->draining = 0;
    peer->is_lying = false;
    peer->taken = 0;
    err = session_open(&peer->session, session);
    if (err == ERR_OK) {
        server->peer_count++;
    }
    return err;
}

err_t block_request_check(const struct block_limits *limits, uint64_t data_bytes,
                          const struct block_request *request)
{
    uint64_t sectors = request->bytes / BLOCK_SECTOR_BYTES;

    switch (request->operation) {
    case BLOCK_FLUSH:
    case BLOCK_BEGIN:
        return request->bytes == 0 ? ERR_OK : ERR_RANGE;
    case BLOCK_READ:
        break;
    case BLOCK_WRITE:
        if (limits->is_read_only) {
            return ERR_NO_RIGHT;
        }
        break;
    default:
        return ERR_BAD_CALL;
    }
    if (request->bytes == 0 || request->bytes % BLOCK_SECTOR_BYTES != 0 ||
        request->bytes > limits->request_max || request->bytes > data_bytes ||
        request->offset % BLOCK_SECTOR_BYTES != 0 ||
        request->offset > data_bytes - request->bytes || sectors > limits->sectors ||
        request->sector > limits->sectors - sectors) {
        return ERR_RANGE;
    }
    return ERR_OK;
}

/* The session begins anew: what is in the device belongs to nobody. */
static void peer_restart(struct block_peer *peer)
{
    peer->generation++;
    peer->draining += peer->in_flight;
    peer->in_flight = 0;
    peer->is_lying = false;
}

/* For an entry of the present generation: there is room. */
static void answer(struct block_server *server, struct block_peer *peer, uint64_t tag, err_t err,
                   uint32_t bytes)
{
    struct block_completion completion = { .tag = tag, .error = err, .bytes = bytes };
    err_t sent = session_send(&peer->session, &completion);

    if (sent == ERR_GONE) {
        peer_restart(peer);
        server->lost++;
    } else if (sent != ERR_OK) {
        peer->is_lying = true; /* it took back room that it had given */
        server->refused++;
    }
}

/* Is there room for the completion of one more, beside those of the jobs in flight? */
static bool has_room(struct block_server *server, struct block_peer *peer)
{
    uint64_t lies = peer->session.out.side.lies;
    bool has = ring_room(&peer->session.out) > peer->in_flight;

    if (peer->session.out.side.lies != lies) {
        peer->is_lying = true;
        server->refused++;
        return false;
    }
    return has;
}

/* A ring says so only when it is used, and one that is full of what a dead client left is not. */
static bool has_new_epoch(const struct block_peer *peer)
{
    const struct ring_side *side = &peer->session.out.side;

    return atomic_load_explicit(&side->setup.epoch->epoch, memory_order_relaxed) != side->epoch;
}

static bool may_take(struct block_server *server, struct block_peer *peer)
{
    if (peer->draining != 0 || peer->in_flight >= server->quota) {
        return false;
    }
    return has_new_epoch(peer) || (!peer->is_lying && has_room(server, peer));
}

/* Takes one request, if there is one. */
static bool peer_take(struct block_server *server, struct block_peer *peer,
                      struct block_request *request)
{
    err_t err;

    if (!may_take(server, peer)) {
        return false;
    }
    err = session_receive(&peer->session, request);
    if (err == ERR_GONE) {
        peer_restart(peer);
        if (peer->draining == 0) {
            err = session_receive(&peer->session, request);
        }
    }
    if (err == ERR_RANGE) {
        peer->is_lying = true;
        server->refused++;
    }
    return err == ERR_OK;
}

/* True: @job is for the device; false: the request was answered. */
static bool job_make(struct block_server *server, uint32_t number,
                     const struct block_request *request, struct block_job *job)
{
    struct block_peer *peer = &server->peers[number];
    err_t err = block_request_check(&server->limits, peer->session.data_bytes, request);

    peer->taken++;
    if (err || request->operation == BLOCK_BEGIN) {
        server->refused += err != ERR_OK;
        answer(server, peer, request->tag, err, 0);
        return false;
    }
    peer->in_flight++;
    *job = (struct block_job){
        .peer = number,
        .generation = peer->generation,
        .tag = request->tag,
        .operation = request->operation,
        .bytes = request->bytes,
        .sector = request->sector,
        .offset = request->offset,
    };
    return true;
}

bool block_server_next(struct block_server *server, struct block_job *job)
{
    struct block_request request;

    /* A request that is refused takes its client's turn as well: no client holds the others up. */
    for (uint32_t passed = 0; passed < server->peer_count; passed++) {
        uint32_t number = server->turn;

        server->turn = (number + 1) % server->peer_count;
        if (peer_take(server, &server->peers[number], &request) &&
            job_make(server, number, &request, job)) {
            return true;
        }
    }
    return false;
}

void block_server_done(struct block_server *server, const struct block_job *job, err_t err)
{
    struct block_peer *peer = &server->peers[job->peer];

    if (job->generation != peer->generation) {
        peer->draining--;
        server->lost++;
        return;
    }
    peer->in_flight--;
    server->served += err == ERR_OK;
    server->failed += err != ERR_OK;
    answer(server, peer, job->tag, err, err == ERR_OK ? job->bytes : 0);
}

void block_server_heard(struct block_server *server, uint64_t bits)
{
    for (uint32_t i = 0; i < server->peer_count; i++) {
        if (bits & 1ull << (EVENT_SESSION_FIRST + server->peers[i].session.number)) {
            server->peers[i].is_lying = false;
        }
    }
}

static bool peer_rest(struct block_server *server, struct block_peer *peer)
{
    bool is_full = peer->in_flight == 0 && ring_room(&peer->session.out) == 0;
    bool may_sleep = is_full ? session_rest_full(&peer->session) : session_rest(&peer->session);

    /* One that lies will signal; one that has jobs to wait for, or is drained, is looked at when they end. */
    return may_sleep || peer->is_lying || peer->draining != 0 || peer->in_flight >= server->quota ||
           (peer->in_flight != 0 && !has_room(server, peer));
}

bool block_server_rest(struct block_server *server)
{
    bool may_sleep = true;

    for (uint32_t i = 0; i < server->peer_count; i++) {
        may_sleep &= peer_rest(server, &server->peers[i]);
    }
    return may_sleep;
}

struct block_peer *block_server_peer(struct block_server *server, uint64_t badge)
{
    for (uint32_t i = 0; i < server->peer_count; i++) {
        if (server->peers[i].session.info->badge == badge) {
            return &server->peers[i];
        }
    }
    return (void *)0;
}
