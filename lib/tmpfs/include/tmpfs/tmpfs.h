/* SPDX-License-Identifier: MIT */
/*
 * A file system in memory that outlives the program that uses it: all that it is lies in one range of `kept` memory,
 * without pointers. A successor finds there every change that was complete, whole, and nothing of one that was
 * not (docs/tmpfs.md). One thread. Nothing here waits.
 *
 * A node is a file, a directory or a symbolic link, by number; it has one name. Names are found by a table that
 * is made anew by tmpfs_mount(), in memory that need not be kept.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"

#define TMPFS_ROOT 1u /* the node of the directory "/" */
#define TMPFS_NAME_MAX 255u
#define TMPFS_TARGET_MAX 4095u       /* of a symbolic link */
#define TMPFS_BYTES_MAX (1ull << 42) /* of a file */
#define TMPFS_KEPT_MIN (64ull << 10) /* of all */
#define TMPFS_CLIENTS 64u            /* whose last change is remembered */

enum tmpfs_kind { TMPFS_FREE = 0, TMPFS_FILE = 1, TMPFS_DIR = 2, TMPFS_LINK = 3 };

/* A node, as it lies in kept memory. */
struct tmpfs_node {
    uint64_t sum; /* of all that follows */
    uint8_t kind; /* enum tmpfs_kind */
    uint8_t height;
    uint8_t name_length;
    uint8_t is_damaged;  /* part of its contents is lost */
    uint32_t generation; /* how often the number was used */
    uint32_t parent;     /* a directory; 0: it has no name any more, but somebody holds it */
    uint32_t root;       /* page; 0: none */
    uint64_t bytes;
    uint64_t modified; /* ns */
    char name[256];
};
_Static_assert(sizeof(struct tmpfs_node) == 296, "its form in kept memory");

struct tmpfs {
    uint64_t now; /* ns, the time of whatever is changed: set by the user before each call */
    unsigned char *kept;
    struct tmpfs_node *nodes; /* in kept memory */
    uint32_t node_count;
    uint32_t page_first; /* pages below hold nodes */
    uint32_t page_count;

    /* Made anew by each mount. By node, if nothing else is said. */
    uint32_t *heads; /* by hash of directory and name: a node */
    uint32_t head_mask;
    uint32_t *next; /* of the same hash */
    uint32_t *children;
    uint32_t *holds;
    uint32_t *free_nodes; /* numbers, free_node_count of them */
    uint32_t free_node_count;
    uint32_t *free_pages; /* numbers, free_page_count of them */
    uint32_t free_page_count;
};

/* Who wants a change. The sequence is remembered with the change, in one step. */
struct tmpfs_request {
    uint32_t client;   /* below TMPFS_CLIENTS, or nothing is remembered */
    uint64_t sequence; /* 0: nothing is remembered */
};

/* What a mount found. */
struct tmpfs_report {
    bool is_new;      /* there was nothing, or not of this form */
    bool is_mended;   /* its head was damaged; the rest was as it should be */
    bool is_replayed; /* a change was completed */
    uint32_t orphans; /* had no name any more: freed */
    uint32_t lost;    /* nodes, by damage */
    uint32_t damaged; /* files of which a part is lost */
};

/** tmpfs_memory_bytes() - memory that need not be kept, for so many bytes of kept. */
uint64_t tmpfs_memory_bytes(uint64_t kept_bytes);

/**
 * tmpfs_mount() - find what is in kept memory, or begin anew. Borrows both for good.
 * @kept: aligned to a page; zeros if it is new. @memory: tmpfs_memory_bytes(bytes).
 * Errors: ERR_RANGE  bytes is less than TMPFS_KEPT_MIN, or more than 16 TiB.
 */
MUST_CHECK err_t tmpfs_mount(struct tmpfs *fs, void *kept, uint64_t bytes, void *memory,
                             struct tmpfs_report *report);

/** tmpfs_node() - a node that is not free; NULL: there is none of that number. */
const struct tmpfs_node *tmpfs_node(const struct tmpfs *fs, uint32_t number);

/** tmpfs_is_done() - this very change was made already, by this server or one before it. */
bool tmpfs_is_done(const struct tmpfs *fs, const struct tmpfs_request *request);

/* A name in a directory. */
struct tmpfs_place {
    uint32_t dir;
    uint32_t length;
    const char *name; /* borrowed */
};

/**
 * tmpfs_find() - Errors: ERR_NO_ENTRY  there is none. ERR_WRONG_TYPE  dir is none. ERR_RANGE  this can be no name: it is
 * empty, longer than TMPFS_NAME_MAX, "." or "..", or holds '/' or 0.
 */
MUST_CHECK err_t tmpfs_find(const struct tmpfs *fs, const struct tmpfs_place *place,
                            uint32_t *node);

/**
 * tmpfs_make() - an empty file or a directory.
 * Errors: those of tmpfs_find(); ERR_EXISTS; ERR_NO_SPACE  all nodes are used.
 */
MUST_CHECK err_t tmpfs_make(struct tmpfs *fs, const struct tmpfs_place *place, enum tmpfs_kind kind,
                            const struct tmpfs_request *request, uint32_t *node);

/** tmpfs_make_link() - a symbolic link with its target. Errors: those of tmpfs_make(); ERR_RANGE  the target. */
MUST_CHECK err_t tmpfs_make_link(struct tmpfs *fs, const struct tmpfs_place *place,
                                 const struct tmpfs_place *target,
                                 const struct tmpfs_request *request);

/**
 * tmpfs_remove() - a name; the node goes with it, once nobody holds it.
 * Errors: those of tmpfs_find(); ERR_WRONG_TYPE  it is a directory, or none; ERR_NOT_EMPTY.
 */
MUST_CHECK err_t tmpfs_remove(struct tmpfs *fs, const struct tmpfs_place *place, bool is_dir,
                              const struct tmpfs_request *request);

/**
 * tmpfs_rename() - in one step; what had the new name before goes.
 * Errors: those of tmpfs_find(); ERR_WRONG_TYPE  a directory in place of something else, or the other way round;
 *         ERR_NOT_EMPTY  in place of a directory with names; ERR_RANGE  a directory into itself.
 */
MUST_CHECK err_t tmpfs_rename(struct tmpfs *fs, const struct tmpfs_place *from,
                              const struct tmpfs_place *to, const struct tmpfs_request *request);

/** tmpfs_list() - the next node in a directory from a position on, which moves on; 0: that was all. */
uint32_t tmpfs_list(const struct tmpfs *fs, uint32_t dir, uint64_t *position);

/** tmpfs_hold(), tmpfs_drop() - it stays as long as somebody holds it, with a name or without. */
void tmpfs_hold(struct tmpfs *fs, uint32_t node);
void tmpfs_drop(struct tmpfs *fs, uint32_t node);

struct tmpfs_bytes {
    void *start;
    uint64_t bytes;
};

/**
 * tmpfs_read() - copy bytes of a file or link; *done is less only at its end. Places never written are zero.
 * Errors: ERR_WRONG_TYPE  a directory. ERR_DAMAGED  a part of it is lost.
 */
MUST_CHECK err_t tmpfs_read(const struct tmpfs *fs, uint32_t node, uint64_t position,
                            struct tmpfs_bytes into, uint64_t *done);

/**
 * tmpfs_write() - *done is less only where memory ended: then that much of it is written.
 * Errors: ERR_WRONG_TYPE  it is no file. ERR_NO_SPACE  nothing could be written. ERR_RANGE  past TMPFS_BYTES_MAX.
 */
MUST_CHECK err_t tmpfs_write(struct tmpfs *fs, uint32_t node, uint64_t position,
                             struct tmpfs_bytes from, uint64_t *done);

/** tmpfs_truncate() - make it that long; what is new is zero. Errors: ERR_WRONG_TYPE, ERR_RANGE. */
MUST_CHECK err_t tmpfs_truncate(struct tmpfs *fs, uint32_t node, uint64_t bytes);
