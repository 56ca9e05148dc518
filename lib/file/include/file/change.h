/* SPDX-License-Identifier: MIT */
/* Changes of names, and the room that is left. What file.h says about errors holds here. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "file/file.h"

/*
 * Names. Each is done once, however often a server dies meanwhile. A symbolic link at the end is not followed.
 * Errors: ERR_RANGE  the path names no name in a directory, or the two are of different servers.
 */
MUST_CHECK err_t files_make_directory(struct files *files, const char *path);
MUST_CHECK err_t files_make_link(struct files *files, const char *path, const char *target);
MUST_CHECK err_t files_remove(struct files *files, const char *path, bool is_directory);
MUST_CHECK err_t files_rename(struct files *files, const char *from, const char *to);

/* How much room a server has. */
struct files_space {
    uint64_t bytes;
    uint64_t unused;
    uint64_t names; /* 0: it does not say */
    uint64_t names_unused;
};

/** files_space() - of the server that the path leads to. */
MUST_CHECK err_t files_space(struct files *files, const char *path, struct files_space *space);
