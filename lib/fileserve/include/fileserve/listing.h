/* SPDX-License-Identifier: MIT */
/* Entries of a directory, as a server of the protocol file writes them into the data area. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define LISTING_DOTS 2u /* positions 0 and 1, of directories that begin with "." and ".." */

/* Where entries are written to. */
struct listing {
    unsigned char *at;
    uint32_t left;
};

struct listing_name {
    const char *start;
    uint32_t length; /* 1 .. 255 */
};

/** listing_add() - False: there is no room; nothing was written. */
bool listing_add(struct listing *listing, uint64_t inode, uint32_t kind, struct listing_name name);

/** listing_add_dots() - the directory itself (position 0), or the one above it (1). */
bool listing_add_dots(struct listing *listing, uint64_t position, uint64_t inode);
