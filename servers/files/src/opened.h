/* SPDX-License-Identifier: MIT */
/* What the file server knows of an open file, beside its handle. */
#pragma once

#include <stdint.h>

#include "abi/errors.h"
#include "ext4/ext4.h"
#include "files.h"
#include "fileserve/clients.h"

struct opened {
    uint64_t next;  /* position behind the last read */
    uint64_t ahead; /* position up to which pages were asked for */
    struct ext4_file file;
};

static inline struct opened *opened_of(const struct handle *handle)
{
    return handle->body;
}

/** file_copy() - bytes of a regular file, readahead included. Errors: those of disk_page() and ext4_map(). */
MUST_CHECK err_t file_copy(struct opened *opened, uint64_t position, struct ext4_memory into,
                           uint64_t *done);

/** ahead_plan() - what is from @position to @end was read: ask for what will be read next. */
void ahead_plan(struct opened *opened, uint64_t position, uint64_t end);
