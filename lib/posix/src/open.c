/* SPDX-License-Identifier: MIT */
/* Opening files. Those that there are can be read and not written: asking for more is EROFS, as on such a disk. */
#include <stddef.h>

#include "abi/kernel_calls.h"
#include "calls.h"
#include "lock.h"
#include "resolver.h"
#include "tree.h"

enum { OPEN_PATH = 0x200000 };

static bool wants_to_write(uint32_t flags)
{
    return (flags & OPEN_ACCESS) != OPEN_READ || (flags & OPEN_TRUNCATE) != 0;
}

/* What is there, is not what was asked for: the error, or 0. */
static long kind_check(const struct opening *opening, uint32_t flags)
{
    if ((flags & OPEN_CREATE) != 0 && (flags & OPEN_EXCLUSIVE) != 0) {
        return -POSIX_EEXIST;
    }
    if (opening->file.kind == FILE_KIND_SYMLINK) {
        return -POSIX_ELOOP;
    }
    if (opening->file.kind == FILE_KIND_DIRECTORY &&
        (wants_to_write(flags) || (flags & OPEN_CREATE) != 0)) {
        return -POSIX_EISDIR;
    }
    return wants_to_write(flags) ? -POSIX_EROFS : 0;
}

static long open_into(struct opening *opening, long dir, const char *path, uint32_t flags)
{
    bool is_new = (flags & OPEN_CREATE) != 0;
    uint32_t how = (flags & OPEN_DIRECTORY) != 0 ? FILES_DIRECTORY : 0;

    if ((flags & OPEN_NO_FOLLOW) != 0 || (is_new && (flags & OPEN_EXCLUSIVE) != 0)) {
        how |= FILES_NO_FOLLOW;
    }
    long result = tree_open(dir, path, how, opening);

    if (result != 0 && resolver_open(opening)) {
        return 0;
    }
    if (result == -POSIX_ENOENT && is_new) {
        result = tree_has_parent(opening);
        return result != 0 ? result : -POSIX_EROFS;
    }
    return result != 0 ? result : kind_check(opening, flags);
}

static long open_file(long dir, const char *path, uint32_t flags)
{
    if ((flags & OPEN_ACCESS) == OPEN_ACCESS || (flags & OPEN_PATH) != 0) {
        return -POSIX_EINVAL;
    }
    posix_lock();
    struct opening *opening =
        opening_create(OPENING_FILE, flags & ~(uint32_t)(OPEN_CREATE | OPEN_EXCLUSIVE |
                                                         OPEN_TRUNCATE | OPEN_CLOSE_ON_EXEC));
    long result = opening != NULL ? open_into(opening, dir, path, flags) : -POSIX_ENOMEM;

    if (result == 0) {
        result = descriptor_give(opening, 0, (flags & OPEN_CLOSE_ON_EXEC) != 0);
    }
    if (result < 0 && opening != NULL) {
        opening_discard(opening);
    }
    posix_unlock();
    return result;
}

long posix_open(const long arguments[6])
{
    return open_file(TREE_HERE, (const char *)arguments[0], (uint32_t)arguments[1]);
}

long posix_openat(const long arguments[6])
{
    return open_file((int)arguments[0], (const char *)arguments[1], (uint32_t)arguments[2]);
}

long posix_creat(const long arguments[6])
{
    return open_file(TREE_HERE, (const char *)arguments[0],
                     OPEN_WRITE | OPEN_CREATE | OPEN_TRUNCATE);
}
