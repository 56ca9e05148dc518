/* SPDX-License-Identifier: MIT */
/*
 * File system images as the library sees them: a cache that gives out each block as an allocation of its
 * own, so that the address sanitizer sees every access beside it, and that counts what is held.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ext4/ext4.h"

struct image {
    uint8_t *bytes; /* a private copy: changes do not reach the file */
    size_t size;
    struct ext4_super super;
    struct ext4 fs;
    _Atomic uint64_t *states; /* one for each block */
    void *journal;            /* memory for the map */
    uint64_t gets;            /* blocks asked for */
    uint64_t gets_max;        /* then get() fails with ERR_IO; 0: never */
    uint32_t held;            /* blocks not yet given back */
    uint32_t failing;         /* the block that cannot be read; 0: none */
    bool is_forgetful;        /* the cache forgets every block at once: all is checked every time */
};

/** image_load() - read a file; the caller calls image_free(). False: it cannot be read. */
bool image_load(struct image *image, const char *path);

/** image_mount() - mount it with so much memory for the journal; what happened before is forgotten. */
err_t image_mount(struct image *image, size_t journal_bytes, const char **why);

void image_free(struct image *image);
