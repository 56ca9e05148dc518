/* SPDX-License-Identifier: MIT */
/* The boot archive: files by name, in the cpio format "newc". */
#pragma once

#include <stddef.h>

#include "abi/errors.h"

/**
 * archive_find() - find a file. @data borrows from the archive.
 * Errors: ERR_GONE   there is no file of that name.
 *         ERR_RANGE  the archive is damaged.
 */
MUST_CHECK err_t archive_find(const void *archive, size_t archive_bytes, const char *name,
                              const void **data, size_t *data_bytes);
