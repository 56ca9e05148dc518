/* SPDX-License-Identifier: MIT */
/* The members of the boot archive, as names in one directory. */
#pragma once

#include <stdint.h>

#include "abi/errors.h"
#include "pith/archive.h"

#define MEMBERS_MAX 256u

extern struct archive_member members[MEMBERS_MAX];
extern uint32_t member_count;

/**
 * members_read() - what is in the archive, which stays borrowed. A member with a name that is none in a directory, or
 * that one before it has, is left out.
 * @left_out: how many. Errors: ERR_RANGE  the archive is damaged; what is before that is there.
 */
MUST_CHECK err_t members_read(const void *archive, uint64_t bytes, uint32_t *left_out);

/** member_find() - its number. Errors: ERR_NO_ENTRY. */
MUST_CHECK err_t member_find(const char *name, uint32_t length, uint32_t *number);
