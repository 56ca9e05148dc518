/* SPDX-License-Identifier: MIT */
/* Contents of files: writing, cutting. What was written is with the file server when the call is back. */
#include "write.h"

#include <stddef.h>

#include "abi/kernel_calls.h"
#include "calls.h"
#include "lock.h"
#include "tree.h"

static long errno_of_contents(err_t err)
{
    return err == ERR_RANGE ? -POSIX_EFBIG : err ? -errno_of_file(err) : 0;
}

static bool may_write(const struct opening *opening)
{
    return (opening->flags & OPEN_ACCESS) != OPEN_READ;
}

/* At @position, or at the end if all that is written goes there; gives the position behind it, too. */
static long write_at(struct opening *opening, uint64_t *position, const void *from, uint64_t length)
{
    struct files_status status;
    uint64_t done = 0;
    err_t err = ERR_OK;

    if ((opening->flags & OPEN_APPEND) != 0) {
        err = files_stat(&opening->file, &status);
        *position = err == ERR_OK ? status.bytes : *position;
    }
    if (err == ERR_OK && length != 0) {
        err = files_write(&opening->file, *position, from, length, &done);
    }
    *position += done;
    return err ? errno_of_contents(err) : (long)done;
}

long file_write_here(struct opening *opening, const void *from, uint64_t length)
{
    return may_write(opening) ? write_at(opening, &opening->position, from, length) : -POSIX_EBADF;
}

long posix_pwrite(const long arguments[6])
{
    posix_lock();
    struct opening *opening = opening_of(arguments[0]);
    uint64_t position = (uint64_t)arguments[3];
    long result;

    if (opening == NULL || !may_write(opening)) {
        result = -POSIX_EBADF;
    } else if (opening->kind != OPENING_FILE) {
        result = -POSIX_ESPIPE;
    } else if (arguments[3] < 0) {
        result = -POSIX_EINVAL;
    } else {
        result = write_at(opening, &position, (const void *)arguments[1], (uint64_t)arguments[2]);
    }
    posix_unlock();
    return result;
}

long posix_ftruncate(const long arguments[6])
{
    posix_lock();
    struct opening *opening = opening_of(arguments[0]);
    long result;

    if (opening == NULL) {
        result = -POSIX_EBADF;
    } else if (opening->kind != OPENING_FILE || !may_write(opening) || arguments[1] < 0) {
        result = -POSIX_EINVAL;
    } else {
        result = errno_of_contents(files_truncate(&opening->file, (uint64_t)arguments[1]));
    }
    posix_unlock();
    return result;
}

long posix_truncate(const long arguments[6])
{
    struct opening *found;

    if (arguments[1] < 0) {
        return -POSIX_EINVAL;
    }
    posix_lock();
    long result = tree_probe(TREE_HERE, (const char *)arguments[0], 0, &found);

    if (result == 0) {
        result = found->file.kind == FILE_KIND_DIRECTORY ? -POSIX_EISDIR : 0;
        tree_probe_end();
    }
    if (result == 0) {
        result = tree_probe(TREE_HERE, (const char *)arguments[0], FILES_WRITE, &found);
    }
    if (result == 0) {
        result = errno_of_contents(files_truncate(&found->file, (uint64_t)arguments[1]));
        tree_probe_end();
    }
    posix_unlock();
    return result;
}

/* Nothing waits here to be written. */
long posix_fsync(const long arguments[6])
{
    posix_lock();
    const struct opening *opening = opening_of(arguments[0]);
    long result = opening == NULL                 ? -POSIX_EBADF
                  : opening->kind != OPENING_FILE ? -POSIX_EINVAL
                                                  : 0;

    posix_unlock();
    return result;
}
