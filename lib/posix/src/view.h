/* SPDX-License-Identifier: MIT */
/*
 * Files that are mapped to be read: as far as their server can grant its pages (file/map.h) these are what is seen, the rest is copied.
 * Nothing of it can be written. With posix_lock() held.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/types.h"
#include "descriptor.h"

enum { VIEW_PAGES_MIN = 16 }; /* fewer are copied: that costs less */

/** view_map() - 0: it is better copied, or there is no room for it. @bytes: whole pages. */
user_addr_t view_map(struct opening *opening, uint64_t position, uint64_t bytes);

/** view_unmap() - false: it is not in a view. A view goes with the last of its pages. */
bool view_unmap(user_addr_t at, uint64_t bytes);

/** view_holds() - all of it lies in one view. */
bool view_holds(user_addr_t at, uint64_t bytes);

/** file_fill() - bytes of a file, as far as it goes; what lies behind its end is left. Errors: those of files_read(), wherever one is met. */
MUST_CHECK err_t file_fill(struct file *file, uint64_t position, void *into, uint64_t bytes);
