/* SPDX-License-Identifier: MIT */
/* Between the files of lib/file that call servers. */
#pragma once

#include <stdbool.h>

#include "file/file.h"
#include "pith/clock.h"

enum { FILES_VIEW_OFFSET = FILES_PATH_MAX }; /* in the data area: behind the path */

/** files_deadline() - of a call that begins now. */
static inline ns_t files_deadline(const struct files *files)
{
    ns_t now = clock_now();

    return files->patience_ns < DEADLINE_NEVER - now ? now + files->patience_ns : DEADLINE_NEVER;
}

/** server_data(), server_epoch() - of the session with a server. */
static inline unsigned char *server_data(const struct files_server *server)
{
    return session_data(&server->session);
}
uint32_t server_epoch(const struct files_server *server);

/** mounts_load() - ask for the view, if that was not done. Errors: those of all calls. */
MUST_CHECK err_t mounts_load(struct files *files, ns_t deadline);

/** mount_attach() - let the name space give the root of a mount once more. */
MUST_CHECK err_t mount_attach(const struct files *files, const struct files_mount *mount,
                              ns_t deadline);

/** call_again() - after a call about paths that gave *err. True: make it again. */
bool call_again(struct files *files, const struct files_mount *mount, ns_t deadline, err_t *err);

/** file_again() - the same for an open file, which is open again then. */
bool file_again(struct file *file, ns_t deadline, err_t *err);

/** handle_end() - close what was opened, now or with the next call about a path. */
void handle_end(const struct file *file, ns_t deadline);

/** offset_in_buffer() - where in the data area of the file's server it is; 0: it is not in the buffer. */
uint32_t offset_in_buffer(const struct file *file, const void *into, uint64_t bytes);

/** file_find() - open what a path leads to. Sets all of @file but files, path and flags, which it reads. */
MUST_CHECK err_t file_find(struct file *file, ns_t deadline);

/**
 * path_settle() - go along a path as far as its parent directory is checked; then walk.done is the path of a name in a
 * directory, which need not be there. Errors: ERR_RANGE  it is no name in a directory of a server.
 */
MUST_CHECK err_t path_settle(struct files *files, const char *path, ns_t deadline,
                             const struct files_mount **mount);

/** mount_of() - which directory a path of that length in walk.done belongs to; NULL: to none. */
const struct files_mount *mount_of(const struct files *files, const char *path, uint32_t length);

/** mount_place() - put what of a path the server of its mount has to hear into the data area. Gives its length. */
uint32_t mount_place(const struct files_mount *mount, const char *path, uint32_t length,
                     uint32_t offset);

/** mounts_below() - bit n: mount n is below a directory. */
uint32_t mounts_below(const struct files *files, const char *path, uint32_t length);
