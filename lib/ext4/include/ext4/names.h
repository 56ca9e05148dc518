/* SPDX-License-Identifier: MIT */
/* Names in ext4: directories, symbolic links, paths. What ext4.h says about threads and errors holds here. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ext4/ext4.h"

#define EXT4_NAME_MAX 255u
#define EXT4_LINKS_MAX 40u /* symbolic links followed in one walk */
#define EXT4_WALK_BYTES 8192u

struct ext4_entry {
    uint64_t next;    /* position behind it */
    const char *name; /* borrowed for the visit; not ended with 0; never holds '/' or 0 */
    uint32_t inode;
    uint8_t name_length;
    uint8_t type; /* enum ext4_type; UNKNOWN on old file systems: ask the inode */
};

enum ext4_type {
    EXT4_TYPE_UNKNOWN,
    EXT4_TYPE_FILE,
    EXT4_TYPE_DIR,
    EXT4_TYPE_CHARACTERS,
    EXT4_TYPE_BLOCKS,
    EXT4_TYPE_FIFO,
    EXT4_TYPE_SOCKET,
    EXT4_TYPE_SYMLINK,
};

/* Where a walk along a path is, and what of the path is left. Large: not for the stack. */
struct ext4_walk {
    struct ext4_file file; /* result: what the path leads to */
    uint32_t parent;       /* result: the directory where the last name was looked up */
    uint32_t links;
    uint32_t at;  /* the path left is text[at..] */
    bool is_last; /* result: the name looked up last ends the path */
    char text[EXT4_WALK_BYTES];
};

/**
 * ext4_lookup() - find a name in a directory: by its index if it has one, else (or if that is damaged)
 * from its beginning. Sets inode, type and next of @entry; name and name_length are the caller's own.
 *
 * Errors: ERR_NO_ENTRY    there is none.
 *         ERR_WRONG_TYPE  it is no directory.
 *         ERR_RANGE       the name is empty or longer than EXT4_NAME_MAX.
 */
MUST_CHECK err_t ext4_lookup(struct ext4 *fs, struct ext4_file *dir, const char *name,
                             size_t length, struct ext4_entry *entry);

/**
 * ext4_step() - look up a name and open what it leads to, which may be a symbolic link.
 * Errors: those of ext4_lookup().
 */
MUST_CHECK err_t ext4_step(struct ext4 *fs, struct ext4_file *dir, const char *name, size_t length,
                           struct ext4_file *found);

/* Gets each entry; false ends the reading before this one. Runs while a block is held: must not wait long. */
typedef bool ext4_visit_t(void *context, const struct ext4_entry *entry);

/**
 * ext4_dir_read() - show the entries of a directory, "." and ".." too, from a position on.
 * @position: 0 at first; any number is allowed. On return where to go on, past all that was visited. If it
 *            is not less than the directory's size, that was all. After ERR_DAMAGED it is behind the damage.
 *
 * Errors: ERR_WRONG_TYPE  it is no directory.
 */
MUST_CHECK err_t ext4_dir_read(struct ext4 *fs, struct ext4_file *dir, uint64_t *position,
                               ext4_visit_t *visit, void *context);

/**
 * ext4_symlink_read() - copy the target of a symbolic link, without a 0 at its end.
 *
 * Errors: ERR_WRONG_TYPE  it is no symbolic link.
 *         ERR_RANGE       the target is longer than the memory.
 */
MUST_CHECK err_t ext4_symlink_read(struct ext4 *fs, struct ext4_file *link, struct ext4_memory into,
                                   size_t *length);

/**
 * ext4_walk_start() - begin at a directory with a path; one that begins with '/' starts at the root.
 * Errors: ERR_RANGE  the path does not fit.
 */
MUST_CHECK err_t ext4_walk_start(struct ext4_walk *walk, uint32_t dir, const char *path,
                                 size_t length);

/**
 * ext4_walk_finish() - follow the path to its end, through symbolic links.
 * @follow: go through a link that is the last part, too; a path that ends with '/' always does.
 *
 * Errors: ERR_NO_ENTRY    a part is not there. If it was the last one, walk->is_last says so.
 *         ERR_WRONG_TYPE  a part that something follows is no directory.
 *         ERR_TOO_DEEP    more than EXT4_LINKS_MAX symbolic links.
 *         ERR_RANGE       a name is too long, or the path after following links.
 */
MUST_CHECK err_t ext4_walk_finish(struct ext4 *fs, struct ext4_walk *walk, bool follow);
