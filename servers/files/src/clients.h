/* SPDX-License-Identifier: MIT */
/* Who calls, and which files it has open. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi/errors.h"
#include "ext4/ext4.h"
#include "files.h"
#include "service/session.h"

struct handle {
    uint32_t id; /* what the client calls it; 0: closed */
    uint32_t kind;
    uint64_t next;  /* position behind the last read */
    uint64_t ahead; /* position up to which pages were asked for */
    struct ext4_file file;
};

struct client {
    struct session session;
    uint32_t epoch;
    uint32_t serial;
    uint32_t open; /* handles */
    struct handle handles[HANDLES_MAX];
};

/** clients_init() - one for each session. */
MUST_CHECK err_t clients_init(void);

/** client_of() - by badge; NULL: none. A client that was started anew has no handles. */
struct client *client_of(uint64_t badge);

/** client_handles() - open ones of all clients. */
uint32_t client_handles(void);

/** handle_find() - NULL: there is no such handle. */
static inline struct handle *handle_find(struct client *client, uint32_t id)
{
    struct handle *handle = &client->handles[id % HANDLES_MAX];

    return handle->id == id && id != 0 ? handle : NULL;
}

/** handle_new() - a free one; it is taken once its id is set to *id. NULL: there is none. */
struct handle *handle_new(struct client *client, uint32_t *id);

/** client_data() - a piece of the data area; NULL (and counted): it is not inside. */
static inline void *client_data(struct client *client, uint64_t offset, uint64_t bytes)
{
    if (offset > client->session.data_bytes || bytes > client->session.data_bytes - offset) {
        files.refused++;
        return NULL;
    }
    return (unsigned char *)session_data(&client->session) + offset;
}

/** file_copy() - bytes of a regular file, readahead included. Errors: those of disk_page() and ext4_map(). */
MUST_CHECK err_t file_copy(struct handle *handle, uint64_t position, struct ext4_memory into,
                           uint64_t *done);
