/* SPDX-License-Identifier: MIT */
/*
 * Opening files. What is there is opened to be read first, since that tells what it is, and so which error it is; then once more, to be
 * written.
 */
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
    return 0;
}

/* It is there: open it once more, to be written. */
static long open_to_write(struct opening *opening, uint32_t flags)
{
    uint32_t how = FILES_WRITE | ((flags & OPEN_TRUNCATE) != 0 ? FILES_TRUNCATE : 0);

    if (!wants_to_write(flags)) {
        return 0;
    }
    files_close(&opening->file);
    opening->file.files = NULL;
    return tree_open_again(opening, how);
}

/* It is not there, but the directory that it is to be in. */
static long open_new(struct opening *opening, uint32_t flags)
{
    long result = tree_has_parent(opening);
    uint32_t how = FILES_CREATE | ((flags & OPEN_EXCLUSIVE) != 0 ? FILES_EXCLUSIVE : 0);

    if ((flags & OPEN_ACCESS) != OPEN_READ) {
        how |= FILES_WRITE;
    }
    return result != 0 ? result : tree_open_again(opening, how);
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
        return open_new(opening, flags);
    }
    result = result != 0 ? result : kind_check(opening, flags);
    return result != 0 ? result : open_to_write(opening, flags);
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
