/* SPDX-License-Identifier: MIT */
/*
 * Kept memory: a page with the head and what clients did last, a page with the change that is being made, nodes,
 * then pages of files.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "tmpfs/tmpfs.h"

#define TMPFS_MAGIC 0x5346504d54485450ull
#define TMPFS_VERSION 1u
#define TMPFS_PAGE 4096u

enum {
    CHANGES_MAX =
        5, /* places in one change: node, the one it replaces, two directories, the client */
    HEAD_OFFSET = 0,
    DONE_OFFSET = 512,
    LOG_OFFSET = TMPFS_PAGE,
    NODES_OFFSET = 2 * TMPFS_PAGE,
    BYTES_PER_NODE = 8192, /* of kept memory */
};

struct head {
    uint64_t magic;
    uint32_t version;
    uint32_t node_count;
    uint64_t bytes;
    uint64_t sum; /* of what is above */
};

/* The last change of a client. */
struct done {
    uint64_t sequence;
    uint64_t sum;
};
_Static_assert(DONE_OFFSET + TMPFS_CLIENTS * sizeof(struct done) <= TMPFS_PAGE, "one page");

struct log_entry {
    uint64_t offset; /* in kept memory */
    uint64_t bytes;
    unsigned char data[sizeof(struct tmpfs_node)];
};

struct log {
    _Atomic uint64_t count; /* 0: nothing is being changed */
    uint64_t sum;           /* of the entries that count */
    struct log_entry entries[CHANGES_MAX];
};
_Static_assert(sizeof(struct log) <= TMPFS_PAGE, "one page");
