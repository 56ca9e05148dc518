/* SPDX-License-Identifier: MIT */
/*
 * Paths as servers of the protocol file take them: a root, and names below it. A path is copied before anything looks
 * at it, and is taken apart by names; ".." is none, so nothing above a root can be reached.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"

#define PLACE_PATH_MAX 4096u
#define PLACE_BASE_MAX 39u
#define PLACE_NAME_MAX 255u

/* What paths begin with. */
struct root {
    bool is_given;
    bool is_read_only;
    uint8_t length;
    char base[PLACE_BASE_MAX + 1]; /* names below the server's own root; empty: that itself */
};

struct place {
    uint32_t base_length; /* of text: the root's */
    uint32_t length;
    uint32_t at; /* what follows is not looked at yet */
    bool is_read_only;
    char text[PLACE_BASE_MAX + 1 + PLACE_PATH_MAX];
};

struct place_name {
    const char *start; /* in the place's text */
    uint32_t length;
};

/** root_set() - Errors: ERR_RANGE  the text does not end within PLACE_BASE_MAX + 1 bytes, or holds "..". */
MUST_CHECK err_t root_set(struct root *root, const char text[PLACE_BASE_MAX + 1],
                          bool is_read_only);

/**
 * place_set() - a root and a path of 1 to PLACE_PATH_MAX bytes, which is copied.
 * Errors: ERR_NO_RIGHT  the root is not given. ERR_RANGE  a name is too long, is "..", or holds 0.
 */
MUST_CHECK err_t place_set(struct place *place, const struct root *root, const char *path,
                           uint32_t length);

/** place_next() - the next name; "." and empty ones are passed over. False: that was all. */
bool place_next(struct place *place, struct place_name *name);

/** place_is_last() - no name follows. */
bool place_is_last(const struct place *place);

/**
 * place_walked() - up to where the client's path was looked at.
 * Errors: ERR_NO_ENTRY  not even to the root: what stands there is no directory of a root.
 */
MUST_CHECK err_t place_walked(const struct place *place, uint32_t *walked);
