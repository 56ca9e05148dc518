/* SPDX-License-Identifier: MIT */
/*
 * One side of a session: two rings and a data area in shared memory, bells, an epoch (docs/supervision.md).
 * Requests and completions are SESSION_ENTRY_BYTES long and begin with their tag; what else is in them is
 * the protocol's. Nothing here waits: a program waits in service_wait().
 *
 * A client: session_open(); for each request session_send(); before it sleeps, session_rest(); for each signal
 * session_receive() until WOULD_BLOCK. ERR_GONE from any of them, once per epoch: all requests in flight
 * are lost and the data area is the client's again; submit anew from own records.
 * A server: the same functions, with the roles of the rings exchanged; ERR_GONE: forget the client's requests.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"
#include "pith/program_info.h"
#include "ring/ring.h"

#define SESSION_SLOTS 64u
#define SESSION_ENTRY_BYTES 64u
#define SESSION_REPLIES 8192u /* offset of the ring of completions */
#define SESSION_DATA 16384u   /* offset of the data area */

struct session {
    const struct program_session *info; /* borrowed from the info page */
    uint32_t number;                    /* also its bit in the notification */
    user_addr_t base;                   /* of the mapped frame */
    uint64_t data_bytes;
    struct ring_producer out;
    struct ring_consumer in;
    bool out_is_new; /* each ring says once that a new epoch began; both must have, or neither */
    bool in_is_new;
    uint64_t sent;
    uint64_t received;
};

/**
 * session_find() - the program's index-th session of that interface and role.
 * Errors: ERR_NO_ENTRY  there are fewer.
 */
MUST_CHECK err_t session_find(const char *interface, bool is_server, uint32_t index,
                              uint32_t *number);

/**
 * session_open() - map a session of this program. Borrows nothing; @session must stay where it is.
 * Errors: ERR_NO_ENTRY  there is no session of that number. ERR_RANGE  its frame is too small.
 *         Those of region_map().
 */
MUST_CHECK err_t session_open(struct session *session, uint32_t number);

/** session_data() - the data area, of session->data_bytes bytes. */
static inline void *session_data(const struct session *session)
{
    return (void *)(session->base + SESSION_DATA);
}

/**
 * session_send() - put an entry into the outgoing ring. The peer sees it after session_flush().
 * Errors: ERR_WOULD_BLOCK  the ring is full. ERR_GONE  a new epoch began. ERR_RANGE  the peer lies.
 */
MUST_CHECK err_t session_send(struct session *session, const void *entry);

/** session_flush() - show the peer what was sent, and ring its bell if it sleeps. */
void session_flush(struct session *session);

/**
 * session_receive() - take an entry out of the incoming ring.
 * Errors: ERR_WOULD_BLOCK  it is empty. ERR_GONE  a new epoch began. ERR_RANGE  the peer lies.
 */
MUST_CHECK err_t session_receive(struct session *session, void *entry);

/**
 * session_rest() - flush, give slots back, and ask to be woken at the next entry.
 * True: nothing is there, wait for the session's bit; false: look again first.
 */
bool session_rest(struct session *session);
