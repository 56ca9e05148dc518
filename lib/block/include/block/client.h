/* SPDX-License-Identifier: MIT */
/*
 * A client of the protocol block: many requests in flight, which go on over the death of the server. What
 * was in flight when a new epoch began is submitted again, in the order it was submitted first; whoever waits
 * sees that it took longer. Requests in flight are done in any order: none may overlap another that writes.
 *
 *     block_client_submit() ..., block_client_reap() until WOULD_BLOCK
 *     block_client_rest(): true: wait for the session's bit, or block_client_deadline()
 *
 * or, for programs that have nothing else to do, block_client_start(), then block_client_transfer().
 * At first the data area is not the program's: a device may still be busy there for a predecessor that died. So
 * nothing may be written to it while `is_ours` is false, and submit() refuses.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"
#include "block/wire.h"
#include "service/service.h"
#include "service/session.h"

#define BLOCK_RECORDS 32u /* requests in flight */

/* What the caller wants. The piece of the data area is the server's until the result. */
struct block_work {
    uint32_t operation; /* READ, WRITE, FLUSH */
    uint32_t bytes;
    uint64_t sector;
    uint64_t offset;
    ns_t deadline_ns; /* absolute; DEADLINE_NEVER: none */
    uint64_t cookie;  /* the caller's own; comes back */
};

struct block_result {
    uint64_t cookie;
    /*
     * ERR_OK; what the server said (block/wire.h); ERR_TIMED_OUT: the deadline passed. Then the request may still
     * happen, and its piece of the data area must be left alone until `abandoned` is 0.
     */
    err_t err;
};

enum block_record_state { BLOCK_FREE, BLOCK_QUEUED, BLOCK_SENT, BLOCK_ABANDONED };

struct block_record {
    uint32_t state;  /* enum block_record_state */
    uint32_t serial; /* of its last submission; part of the tag */
    uint64_t order;  /* of its first submission */
    struct block_work work;
};

/*
 * Invariant: count is the number of records that are not free; queued and abandoned of those in these states,
 * timed of those with a deadline.
 */
struct block_client {
    struct session session;
    struct block_record records[BLOCK_RECORDS];
    uint32_t count;
    uint32_t queued;
    uint32_t abandoned;
    uint32_t timed;
    uint32_t serial;
    uint64_t order;
    uint64_t begin_tag; /* of the BEGIN that was sent in this epoch; 0: none yet */
    bool has_begun;     /* in this epoch */
    bool is_ours;       /* the data area: once it has begun in any */
    bool is_full;       /* the ring: some that are queued wait for room */

    ns_t served_ns; /* when block_client_wait() last looked for calls */

    uint64_t epochs;      /* that ended with the server or client dying */
    uint64_t resubmitted; /* requests */
    uint64_t refused;     /* completions that made no sense, and lies */
};

/** block_client_open() - over that session of the program; not ours yet. Errors: those of session_open(). */
MUST_CHECK err_t block_client_open(struct block_client *client, uint32_t session);

/**
 * block_client_submit() - @work is copied. The server sees it at the next reap or rest.
 * Errors: ERR_BUSY         the data area is not ours yet. ERR_RANGE  it is outside the data area.
 *         ERR_WOULD_BLOCK  BLOCK_RECORDS are in flight.
 */
MUST_CHECK err_t block_client_submit(struct block_client *client, const struct block_work *work);

/** block_client_reap() - the next result. Errors: ERR_WOULD_BLOCK  there is none yet. */
MUST_CHECK err_t block_client_reap(struct block_client *client, struct block_result *result);

/** block_client_rest() - true: nothing to reap now, wait; false: reap again. */
bool block_client_rest(struct block_client *client);

/** block_client_deadline() - the earliest of all in flight; DEADLINE_NEVER. */
ns_t block_client_deadline(const struct block_client *client);

/** block_client_bit() - of the program's notification. */
static inline uint64_t block_client_bit(const struct block_client *client)
{
    return 1ull << (EVENT_SESSION_FIRST + client->session.number);
}

/** block_client_start() - wait until the data area is the program's. Calls that come meanwhile are refused. */
void block_client_start(struct block_client *client, struct service *service);

/** block_client_wait() - reap the next result, waiting for it. Calls that come meanwhile are refused. */
void block_client_wait(struct block_client *client, struct service *service,
                       struct block_result *result);

/**
 * block_client_transfer() - one request, waited for. Nothing else may be in flight.
 * Errors: as struct block_result; those of block_client_submit().
 */
MUST_CHECK err_t block_client_transfer(struct block_client *client, struct service *service,
                                       const struct block_work *work);
