/* SPDX-License-Identifier: MIT */
/*
 * Who calls a server of the protocol file, which files he has open, and which roots he was given. Must stay true: a
 * handle belongs to one epoch of its client's session; ids of two epochs are never the same.
 *
 * Of the protocol, file_on_close() and file_on_give_root() are in here; of a server that writes nothing, also all that
 * would write.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/errors.h"
#include "fileserve/place.h"
#include "fileserve/requests.h"
#include "pith/file_serve.h"
#include "service/service.h"
#include "service/session.h"

#define HANDLES_MAX 64u /* of one client; the low bits of a handle are its place */
#define ROOTS_MAX 9u    /* of one client; 0 is the server's own */

struct handle {
    uint32_t id; /* what the client calls it; 0: closed */
    uint32_t kind;
    bool may_write;
    void *body; /* the server's own, of the size it asked for; stays with the place */
};

struct client {
    struct session session;
    uint32_t epoch;
    uint32_t serial;
    uint32_t open; /* handles */
    uint64_t refused;
    struct root roots[ROOTS_MAX];
    struct handle handles[HANDLES_MAX];
    struct requests requests;
};

/* What a server does when a handle of a client that is gone, or that closed it, goes. */
typedef void handle_forget_t(struct handle *handle);

/**
 * clients_init() - one for each session of this program as a server.
 * @body_bytes: of each handle. @forget: NULL: nothing is to be done.
 */
MUST_CHECK err_t clients_init(size_t body_bytes, handle_forget_t *forget);

/** client_of() - by badge; NULL: none. A client that was started anew has no handles, and no roots but 0. */
struct client *client_of(uint64_t badge);

/** clients_look() - forget what clients had that are gone by now. */
void clients_look(void);

/**
 * clients_hear() - these bits of sessions were signalled, or (0) a request became ready.
 * clients_turn() - a turn of requests_turn() for one client that needs one. Both give whether one is needed, still.
 */
bool clients_hear(uint64_t bits);
bool clients_turn(request_read_t *read);

/** client_at() - all clients by number, from 0; NULL: there are no more. */
struct client *client_at(uint32_t number);

/** client_handles() - open ones of all clients. */
uint32_t client_handles(void);

/** client_refused() - bad requests of all clients. */
uint64_t client_refused(void);

/** client_number() - the same in all lives of client and server, and no other client's; UINT32_MAX: it has none. */
static inline uint32_t client_number(const struct client *client)
{
    uint64_t badge = client->session.info->badge;

    return badge < UINT32_MAX ? (uint32_t)badge : UINT32_MAX;
}

/** handle_find() - NULL: there is no such handle. */
static inline struct handle *handle_find(struct client *client, uint32_t id)
{
    struct handle *handle = &client->handles[id % HANDLES_MAX];

    return handle->id == id && id != 0 ? handle : NULL;
}

/** handle_new() - a free one; it is taken once its id is set to *id. NULL: there is none. */
struct handle *handle_new(struct client *client, uint32_t *id);

/** handle_close() - Errors: ERR_NO_ENTRY  there is no such handle. */
MUST_CHECK err_t handle_close(struct client *client, uint32_t id);

/** client_data() - a piece of the data area; NULL (and counted): it is not inside. */
static inline void *client_data(struct client *client, uint64_t offset, uint64_t bytes)
{
    if (offset > client->session.data_bytes || bytes > client->session.data_bytes - offset) {
        client->refused++;
        return NULL;
    }
    return (unsigned char *)session_data(&client->session) + offset;
}

/** client_place() - copy a path that a client named. Errors: those of place_set(); ERR_RANGE  it is not in the data area. */
MUST_CHECK err_t client_place(struct client *client, uint32_t root, uint32_t path, uint32_t length,
                              struct place *place);

/**
 * read_only_open() - what comes of opening something in a file system that is only read.
 * @err: of the walk there. @kind: of what that led to.
 */
MUST_CHECK err_t read_only_open(uint32_t how, err_t err, uint32_t kind);

/**
 * clients_serve() - the loop of a server whose operations do not wait. A handle that its client will never hear of is
 * closed.
 */
_Noreturn void clients_serve(request_read_t *read);
