/* SPDX-License-Identifier: MIT */
/*
 * Reads that clients ask for over the rings of their sessions (file/wire.h): many at once, each answered when it is done, in any
 * order. Must stay true: no more are taken than there is room for their completions, so that a client which takes
 * none stops itself alone; and each that was taken ends in one completion, or with its client's epoch.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "file/wire.h"

#define REQUESTS_OF_CLIENT 8u /* taken at once; others wait in the ring */
#define REQUESTS_PER_TURN 4u  /* of one client, before others are looked at */

struct client;
struct handle;

enum request_state { REQUEST_FREE, REQUEST_READY, REQUEST_WAITING };

struct request {
    uint8_t state; /* enum request_state */
    struct handle *handle;
    uint64_t tag;
    uint64_t position;
    uint32_t bytes;
    uint32_t offset;
    /* The server's own, 0 at first: */
    bool is_alone;
    bool has_failed; /* at page `failed` */
    uint32_t attempts;
    uint64_t waits_for;
    uint64_t failed;
    uint64_t progress;
};

struct requests {
    struct request all[REQUESTS_OF_CLIENT];
    uint32_t in_flight;
    uint32_t ready; /* of these */
    uint32_t turn;  /* whose it is, if it is ready */
    bool is_lying;  /* it is heard again in its next epoch */
};

/**
 * request_read_t - reads into the client's data area, where there is room for it.
 * Gives the result; ERR_WOULD_BLOCK: request_ready() will say when to call again; ERR_BUSY: in the next turn.
 */
typedef err_t request_read_t(struct client *client, struct request *request, uint64_t *done);

/** requests_turn() - do some of what a client asks for. True: there is more; false: the session's bit will say so. */
bool requests_turn(struct client *client, request_read_t *read);

/** requests_forget() - the client was started anew. */
void requests_forget(struct client *client);

/** requests_cancel() - a handle is being closed: what is asked for by it ends with ERR_CANCELLED. */
void requests_cancel(struct client *client, const struct handle *handle);

/** request_ready() - what a WAITING one waits for may have come. Its client needs a turn. */
void request_ready(struct client *client, struct request *request);
