/* SPDX-License-Identifier: MIT */
/*
 * Files in memory. The pages are the program's own and filled when it asks for them: so what it has mapped stays, whatever
 * becomes of the file server, and nothing of it has to be given back to anybody (docs/files.md, "Ruled out").
 */
#include "abi/kernel_calls.h"
#include "calls.h"
#include "descriptor.h"
#include "lock.h"
#include "pages.h"
#include "pith/ranges.h"

enum { MAP_SHARED = 1, MAP_TYPE = 15, PROTECT_WRITE = 2 };

/* 0: such a mapping can be had. */
static int map_check(const struct opening *opening, const long arguments[6])
{
    bool is_shared = (arguments[3] & MAP_TYPE) == MAP_SHARED;
    bool is_written = (arguments[2] & PROTECT_WRITE) != 0;

    if (opening == NULL) {
        return POSIX_EBADF;
    }
    if (opening->kind != OPENING_FILE || opening->file.kind != FILE_KIND_REGULAR) {
        return POSIX_ENODEV;
    }
    uint32_t access = opening->flags & OPEN_ACCESS;

    if (access == OPEN_WRITE || (is_shared && is_written && access != OPEN_BOTH)) {
        return POSIX_EACCES;
    }
    /* What others change would not be seen, nor would they see what is changed here. */
    if (is_shared && (is_written || (opening->file.traits & FILE_TRAIT_CHANGES) != 0)) {
        return POSIX_ENODEV;
    }
    return 0;
}

static long map_locked(const long arguments[6], uint64_t bytes)
{
    struct opening *opening = opening_of(arguments[4]);
    int error = map_check(opening, arguments);
    uint64_t done;

    if (error) {
        return -error;
    }
    user_addr_t at = pages_take((uint32_t)(bytes / PAGE_BYTES));

    if (at == 0) {
        return -POSIX_ENOMEM;
    }
    err_t err = files_read(&opening->file, (uint64_t)arguments[5], (void *)at,
                           (uint64_t)arguments[1], &done);

    if (err) {
        (void)pages_give(at, bytes);
        return -errno_of_file(err);
    }
    return (long)at;
}

long posix_map_file(const long arguments[6], uint64_t bytes)
{
    long type = arguments[3] & MAP_TYPE;

    if (arguments[5] < 0 || arguments[5] % (long)PAGE_BYTES != 0 || type < 1 || type > 3) {
        return -POSIX_EINVAL;
    }
    posix_lock();
    long result = map_locked(arguments, bytes);

    posix_unlock();
    return result;
}
