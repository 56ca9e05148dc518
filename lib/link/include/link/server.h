/* SPDX-License-Identifier: MIT */
/*
 * The driver's side of the protocol link: takes requests apart, refuses what is not allowed, answers in batches.
 * It has one client.
 *
 *     while (link_server_has_room() && link_server_next()): LINK_BEGIN: reset the device, then link_server_begin();
 *         LINK_RECEIVE, LINK_SEND: hand the frame to the device, or answer it at once
 *     while (link_server_has_room() && the device is done with one) link_server_answer()
 *     before it sleeps: link_server_rest()
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "link/wire.h"
#include "service/session.h"

struct link_server {
    struct session session;
    bool has_begun; /* in this epoch */
    bool is_lying;  /* not looked at until it signals again */
    uint32_t next;  /* frame of taken */
    struct link_entry taken;
    struct link_entry received, sent; /* answers that are to be sent */
    struct link_entry news;           /* a state that is to be sent */
    bool has_news;
    uint64_t refused;
};

/** link_server_open() - over that session. Errors: those of session_open(). */
MUST_CHECK err_t link_server_open(struct link_server *server, uint32_t session);

/** link_server_next() - the next request, one frame at a time; false: there is none. As there is room. */
bool link_server_next(struct link_server *server, uint32_t *operation, struct link_frame *frame);

/** link_server_begin() - the device was reset: the client may give buffers. state->tag is set in here. */
void link_server_begin(struct link_server *server, const struct link_state *state);

/** link_server_state() - the state has changed. Nothing if the client has not begun. */
void link_server_state(struct link_server *server, const struct link_state *state);

/** link_server_has_room() - for one more answer. */
bool link_server_has_room(struct link_server *server);

/** link_server_answer() - LINK_RECEIVE or LINK_SEND is done. There must be room. */
void link_server_answer(struct link_server *server, uint32_t operation,
                        const struct link_frame *frame);

/** link_server_heard() - these bits of the notification came. */
void link_server_heard(struct link_server *server, uint64_t bits);

/** link_server_rest() - show the client the answers. True: sleep; false: there is more to do. */
bool link_server_rest(struct link_server *server);
