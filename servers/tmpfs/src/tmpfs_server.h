/* SPDX-License-Identifier: MIT */
/* Between the files of the server of lib/tmpfs. */
#pragma once

#include "fileserve/clients.h"
#include "tmpfs/tmpfs.h"

extern struct tmpfs tmpfs;

/* What a handle holds. */
struct opened {
    uint32_t node;
};

static inline uint32_t node_of(const struct handle *handle)
{
    const struct opened *opened = handle->body;

    return opened->node;
}

static inline const struct tmpfs_node *opened_node(const struct handle *handle)
{
    return &tmpfs.nodes[node_of(handle)];
}

/** kind_of() - enum file_kind of a node. */
uint32_t kind_of(const struct tmpfs_node *node);

/** inode_of() - a number that no other file has or had. */
uint64_t inode_of(uint32_t node);

/** opened_drop() - what a handle held is held no more. */
void opened_drop(struct handle *handle);

/** request_read() - a request_read_t. */
err_t request_read(struct client *client, struct request *request, uint64_t *done);

/** place_walk() - as far as names lead, or to the first symbolic link. Errors: ERR_NO_ENTRY, ERR_WRONG_TYPE, ERR_RANGE. */
MUST_CHECK err_t place_walk(struct place *place, uint32_t *node);

/**
 * place_walk_parent() - the same up to the directory of the last name. False in *is_there: a symbolic link was met.
 * Errors: those of place_walk(); ERR_RANGE: there is no last name.
 */
MUST_CHECK err_t place_walk_parent(struct place *place, struct tmpfs_place *last, bool *is_there);

/** request_of() - with the time. */
struct tmpfs_request request_of(const struct client *client, uint64_t sequence);
