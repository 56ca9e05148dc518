/* SPDX-License-Identifier: MIT */
/*
 * The network server's side of the protocol link: it owns all buffers, keeps the driver supplied with empty ones,
 * and begins anew when the driver was replaced. What was in flight then is lost, as frames may be.
 *
 *     while (link_client_receive(&link, &data, &bytes)) ...
 *     data = link_client_buffer(&link); ... link_client_send(&link, bytes)
 *     before it sleeps: link_client_rest()
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "link/wire.h"
#include "service/session.h"

#define LINK_BUFFER_BYTES 2048u
#define LINK_BUFFERS_MAX 256u /* in each direction */
#define LINK_NO_BUFFER UINT32_MAX

enum link_buffer_state { LINK_FREE, LINK_QUEUED, LINK_GIVEN };

struct link_pool {
    uint32_t operation; /* LINK_RECEIVE, LINK_SEND */
    uint32_t first;     /* buffer of the data area */
    uint32_t count;
    uint32_t limit; /* that the driver takes at once */
    uint32_t given;
    uint32_t hint; /* where to look for a free one */
    uint8_t states[LINK_BUFFERS_MAX];
    struct link_entry batch; /* to be sent */
};

struct link_client {
    struct session session;
    struct link_state state; /* as last heard; flags 0 while there is no driver */
    uint64_t changes;        /* of state */
    struct link_pool receive, send;
    struct link_entry taken;
    uint32_t next;   /* frame of taken */
    uint32_t loaned; /* receive buffer in the caller's hands */
    uint64_t tag;    /* of the BEGIN of this epoch */
    bool is_asking;  /* BEGIN was sent */
    bool has_begun;

    uint64_t epochs;  /* met after the first */
    uint64_t lost;    /* frames that were to be sent when a driver died */
    uint64_t refused; /* answers that made no sense, and lies */
};

/** link_client_open() - over that session. Errors: ERR_RANGE  it has no room for frames. Those of session_open(). */
MUST_CHECK err_t link_client_open(struct link_client *link, uint32_t session);

/**
 * link_client_receive() - the next frame that came; it is the caller's until the next call. The driver must not be
 * trusted to leave it alone: read once, or copy. False: there is none.
 */
bool link_client_receive(struct link_client *link, const void **data, uint32_t *bytes);

/** link_client_buffer() - LINK_BUFFER_BYTES for a frame to be sent; NULL: the link is down, or all are in flight. */
void *link_client_buffer(struct link_client *link);

/** link_client_send() - send what was written into the buffer given last. */
void link_client_send(struct link_client *link, uint32_t bytes);

/** link_client_is_up() - there is a driver, and its link is up. */
static inline bool link_client_is_up(const struct link_client *link)
{
    return link->has_begun && (link->state.flags & LINK_IS_UP) != 0;
}

/** link_client_bit() - of the program's notification. */
static inline uint64_t link_client_bit(const struct link_client *link)
{
    return 1ull << (EVENT_SESSION_FIRST + link->session.number);
}

/** link_client_rest() - show the driver everything. True: sleep until its bit; false: there is something to receive. */
bool link_client_rest(struct link_client *link);
