/* SPDX-License-Identifier: MIT */
#pragma once

#include <stdint.h>

#include "abi/errors.h"
#include "file/file.h"
#include "sha256/sha256.h"

/** sum_many() - add all of a file, read by many requests at once. */
MUST_CHECK err_t sum_many(struct files *files, struct file *file, struct sha256 *hash,
                          uint64_t *resubmitted);
