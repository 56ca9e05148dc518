/* SPDX-License-Identifier: MIT */
/*
 * The server's side of the protocol block, for every driver of a disk: takes requests from the sessions of several
 * clients in turn, refuses what is not allowed, and hands the driver jobs that its device can do as they are.
 *
 *     while (the device has room && block_server_next(&server, &job)) { start it }
 *     block_server_done(&server, &job, err)        for each that the device is done with
 *     before it sleeps: if (block_server_rest(&server)) wait; for signals: block_server_heard()
 *
 * A client whose session begins a new epoch is forgotten: what it had in the device is drained, and only then
 * does next() take from its session again (block/wire.h says why). Nothing here waits.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "block/wire.h"
#include "service/session.h"

#define BLOCK_PEERS_MAX 16u

struct block_limits {
    uint64_t sectors;
    uint32_t request_max; /* bytes */
    bool is_read_only;
};

/* What the device is to do; sector, bytes and offset are allowed. */
struct block_job {
    uint32_t peer;
    uint32_t generation;
    uint64_t tag;
    uint32_t operation; /* READ, WRITE, FLUSH */
    uint32_t bytes;
    uint64_t sector;
    uint64_t offset; /* in the peer's data area */
};

struct block_peer {
    struct session session;
    uint32_t generation; /* epochs of this session that the server has seen */
    uint32_t in_flight;  /* jobs of this generation */
    uint32_t draining;   /* jobs of earlier ones */
    bool is_lying;       /* not looked at until it signals again */
    uint64_t taken;
};

struct block_server {
    struct block_limits limits;
    uint32_t quota; /* jobs in flight for one client */
    uint32_t peer_count;
    uint32_t turn;
    uint64_t served;
    uint64_t refused; /* requests that were not allowed, and lies */
    uint64_t failed;  /* ERR_IO */
    uint64_t lost;    /* done for a client that is no more */
    struct block_peer peers[BLOCK_PEERS_MAX];
};

/** block_server_init() - nobody yet. quota: 1 .. SESSION_SLOTS. */
void block_server_init(struct block_server *server, const struct block_limits *limits,
                       uint32_t quota);

/**
 * block_server_add() - open a session of the program's, for one more client; it is peer number peer_count - 1.
 * Errors: ERR_NO_MEMORY  there are BLOCK_PEERS_MAX. Those of session_open().
 */
MUST_CHECK err_t block_server_add(struct block_server *server, uint32_t session);

/** block_request_check() - is a request allowed? Errors: as in struct block_completion. */
MUST_CHECK err_t block_request_check(const struct block_limits *limits, uint64_t data_bytes,
                                     const struct block_request *request);

/** block_server_next() - the next job, clients in turn. What needs no device is answered in here. */
bool block_server_next(struct block_server *server, struct block_job *job);

/** block_server_done() - the device is done with a job. @err: ERR_OK or ERR_IO. */
void block_server_done(struct block_server *server, const struct block_job *job, err_t err);

/** block_server_heard() - these bits of the notification came. */
void block_server_heard(struct block_server *server, uint64_t bits);

/** block_server_rest() - show clients what was done. True: nothing waits, sleep; false: there is more. */
bool block_server_rest(struct block_server *server);

/** block_server_peer() - the peer whose calls carry that badge; NULL: none does. */
struct block_peer *block_server_peer(struct block_server *server, uint64_t badge);
