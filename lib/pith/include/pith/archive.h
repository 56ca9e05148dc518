/* SPDX-License-Identifier: MIT */
/* The boot archive: files by name, in the cpio format "newc". */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi/errors.h"

/* A file; all borrowed from the archive. */
struct archive_member {
    const char *name; /* ends with 0 */
    uint32_t name_length;
    uint32_t bytes;
    const void *data;
};

/**
 * archive_next() - the member at *@at, 0 for the first; *@at is that of the next then.
 * Errors: ERR_GONE   that was the last. ERR_RANGE  the archive is damaged.
 */
MUST_CHECK err_t archive_next(const void *archive, size_t archive_bytes, uint64_t *at,
                              struct archive_member *member);

/**
 * archive_find() - find a file. @data borrows from the archive.
 * Errors: ERR_GONE   there is no file of that name.
 *         ERR_RANGE  the archive is damaged.
 */
MUST_CHECK err_t archive_find(const void *archive, size_t archive_bytes, const char *name,
                              const void **data, size_t *data_bytes);
