/* SPDX-License-Identifier: MIT */
/*
 * A path on its way to what it names. `done` is what is known: names from the top of the view, without "." and "..";
 * its first `checked` bytes lead to a directory, through no symbolic link. What is left stands at the end of `rest`.
 * Must stay true: ".." takes off a name only where all before it is checked, so it means what it means to a disk.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "file/walk.h"

enum path_step {
    PATH_CHECK, /* done must be found to be a directory: then path_checked(), or path_link() */
    PATH_END,   /* done is all of it */
};

/** path_begin() - Errors: ERR_RANGE  it is empty, or longer than FILES_PATH_MAX. */
MUST_CHECK err_t path_begin(struct files_walk *walk, const char *path);

/** path_advance() - go on as far as is known. Errors: ERR_RANGE  a name or the whole is too long. */
MUST_CHECK err_t path_advance(struct files_walk *walk, enum path_step *step);

/** path_checked() - done is a directory, reached through no link. */
void path_checked(struct files_walk *walk);

/**
 * path_link() - the first @at bytes of done are a link: go on at its target.
 * Errors: ERR_TOO_DEEP  more than 40 of them. ERR_RANGE  the path becomes too long, or the target is empty.
 */
MUST_CHECK err_t path_link(struct files_walk *walk, uint32_t at, const char *target,
                           uint32_t length);

/** path_wants_directory() - the path ends with '/'. */
bool path_wants_directory(const struct files_walk *walk);

/** path_parent() - bytes of done without its last name; 0: the top. */
uint32_t path_parent(const struct files_walk *walk);
