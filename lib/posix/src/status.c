/* SPDX-License-Identifier: MIT */
/* What is said about files: stat() and its like, access(), readlink(). */
#include <stddef.h>

#include "abi/kernel_calls.h"
#include "calls.h"
#include "lock.h"
#include "pith/clock.h"
#include "pith/string.h"
#include "tree.h"

enum { AT_NO_FOLLOW = 0x100, AT_EACCESS = 0x200, AT_EMPTY_PATH = 0x1000 };
enum { MAY_EXECUTE = 1, MAY_WRITE = 2, MAY_ALL = 7, MODE_ANY_EXECUTE = 0111 };
enum {
    MODE_KIND = 0170000,
    MODE_REGULAR = 0100000,
    MODE_SOCKET = 0140777,
    MODE_TERMINAL = 0020620,
    DEVICE_FILES = 1,
    DEVICE_TERMINAL = 2,
    BLOCK_BYTES = 4096
};

/* Linux's struct stat on x86-64. */
struct posix_status {
    uint64_t device, inode, links;
    uint32_t mode, user, group, reserved;
    uint64_t special_device;
    int64_t bytes, block_bytes, blocks_512;
    struct {
        int64_t seconds, nanoseconds;
    } accessed, modified, changed;
    int64_t unused[3];
};
_Static_assert(sizeof(struct posix_status) == 144, "as Linux has it");

static void status_fill(const struct files_status *from, struct posix_status *to)
{
    *to = (struct posix_status){
        .device = DEVICE_FILES,
        .inode = from->inode,
        .links = from->links,
        .mode = from->mode,
        .user = (uint32_t)from->owner,
        .group = (uint32_t)(from->owner >> 32),
        .bytes = (int64_t)from->bytes,
        .block_bytes = BLOCK_BYTES,
        .blocks_512 = (int64_t)((from->bytes + 511) / 512),
    };
    to->modified.seconds = (int64_t)(from->modified / NS_PER_S);
    to->modified.nanoseconds = (int64_t)(from->modified % NS_PER_S);
    to->accessed = to->changed = to->modified;
}

static long status_of_opening(struct opening *opening, struct posix_status *status)
{
    struct files_status found;

    if (opening->kind != OPENING_FILE) {
        *status = (struct posix_status){ .device = DEVICE_TERMINAL,
                                         .inode = opening->kind,
                                         .links = 1,
                                         .mode = opening->kind == OPENING_SOCKET ? MODE_SOCKET
                                                                                 : MODE_TERMINAL,
                                         .block_bytes = BLOCK_BYTES };
        return 0;
    }
    err_t err = files_stat(&opening->file, &found);

    if (err) {
        return -errno_of_file(err);
    }
    status_fill(&found, status);
    return 0;
}

static long status_of_descriptor(long number, struct posix_status *status)
{
    posix_lock();
    struct opening *opening = opening_of(number);
    long result = opening != NULL ? status_of_opening(opening, status) : -POSIX_EBADF;

    posix_unlock();
    return result;
}

static long status_of_path(long dir, const char *path, uint32_t flags, struct posix_status *status)
{
    struct opening *opening;

    posix_lock();
    long result = tree_probe(dir, path, flags, &opening);

    if (result == 0) {
        opening->kind = OPENING_FILE;
        result = status_of_opening(opening, status);
        tree_probe_end();
    }
    posix_unlock();
    return result;
}

long posix_stat(const long arguments[6])
{
    return status_of_path(TREE_HERE, (const char *)arguments[0], 0,
                          (struct posix_status *)arguments[1]);
}

long posix_lstat(const long arguments[6])
{
    return status_of_path(TREE_HERE, (const char *)arguments[0], FILES_NO_FOLLOW,
                          (struct posix_status *)arguments[1]);
}

long posix_fstat(const long arguments[6])
{
    return status_of_descriptor(arguments[0], (struct posix_status *)arguments[1]);
}

long posix_fstatat(const long arguments[6])
{
    const char *path = (const char *)arguments[1];
    struct posix_status *status = (struct posix_status *)arguments[2];
    long flags = arguments[3];

    if ((flags & ~(long)(AT_NO_FOLLOW | AT_EMPTY_PATH)) != 0) {
        return -POSIX_EINVAL;
    }
    if (path[0] == 0 && (flags & AT_EMPTY_PATH) != 0 && (int)arguments[0] != TREE_HERE) {
        return status_of_descriptor((int)arguments[0], status);
    }
    return status_of_path((int)arguments[0], path,
                          (flags & AT_NO_FOLLOW) != 0 ? FILES_NO_FOLLOW : 0, status);
}

/* Files are asked whether they open; of a directory that can be changed and one that cannot nobody knows the difference. */
static long write_check(long dir, const char *path, uint32_t flags,
                        const struct posix_status *status)
{
    struct opening *opening;
    long result;

    if ((status->mode & MODE_KIND) != MODE_REGULAR) {
        return 0;
    }
    posix_lock();
    result = tree_probe(dir, path, flags | FILES_WRITE, &opening);
    if (result == 0) {
        tree_probe_end();
    }
    posix_unlock();
    return result;
}

/* Whoever may use the file server may read all that it has; there are no users. */
static long access_check(long dir, const char *path, long wanted, uint32_t flags)
{
    struct posix_status status;

    if ((wanted & ~(long)MAY_ALL) != 0) {
        return -POSIX_EINVAL;
    }
    long result = status_of_path(dir, path, flags, &status);

    if (result != 0) {
        return result;
    }
    if ((wanted & MAY_WRITE) != 0) {
        result = write_check(dir, path, flags, &status);
        if (result != 0) {
            return result;
        }
    }
    return (wanted & MAY_EXECUTE) != 0 && (status.mode & MODE_ANY_EXECUTE) == 0 ? -POSIX_EACCES : 0;
}

long posix_access(const long arguments[6])
{
    return access_check(TREE_HERE, (const char *)arguments[0], arguments[1], 0);
}

long posix_faccessat(const long arguments[6])
{
    return access_check((int)arguments[0], (const char *)arguments[1], arguments[2], 0);
}

long posix_faccessat2(const long arguments[6])
{
    if ((arguments[3] & ~(long)(AT_NO_FOLLOW | AT_EACCESS)) != 0) {
        return -POSIX_EINVAL;
    }
    return access_check((int)arguments[0], (const char *)arguments[1], arguments[2],
                        (arguments[3] & AT_NO_FOLLOW) != 0 ? FILES_NO_FOLLOW : 0);
}

static long link_read(long dir, const char *path, char *into, long bytes)
{
    static char target[PATH_BYTES];
    struct opening *opening;

    if (bytes <= 0) {
        return -POSIX_EINVAL;
    }
    long result = tree_probe(dir, path, FILES_NO_FOLLOW, &opening);

    if (result != 0) {
        return result;
    }
    err_t err = opening->file.kind == FILE_KIND_SYMLINK
                    ? files_link(&opening->file, target, sizeof(target))
                    : ERR_WRONG_TYPE;

    tree_probe_end();
    if (err) {
        return err == ERR_WRONG_TYPE ? -POSIX_EINVAL : -errno_of_file(err);
    }
    result = (long)strlen(target);
    result = result < bytes ? result : bytes;
    memcpy(into, target, (size_t)result);
    return result;
}

long posix_readlink(const long arguments[6])
{
    posix_lock();
    long result =
        link_read(TREE_HERE, (const char *)arguments[0], (char *)arguments[1], arguments[2]);

    posix_unlock();
    return result;
}

long posix_readlinkat(const long arguments[6])
{
    posix_lock();
    long result = link_read((int)arguments[0], (const char *)arguments[1], (char *)arguments[2],
                            arguments[3]);

    posix_unlock();
    return result;
}
