/* SPDX-License-Identifier: MIT */
/* Reading and writing. */
#include <stddef.h>

#include "abi/kernel_calls.h"
#include "calls.h"
#include "descriptor.h"
#include "lock.h"
#include "net.h"
#include "pith/debug.h"
#include "resolver.h"
#include "write.h"

enum { PARTS_MAX = 1024, FROM_START = 0, FROM_HERE = 1, FROM_END = 2 };

/* What Linux moves at most in one call. */
#define TRANSFER_MAX 0x7ffff000ull

struct part {
    void *base;
    size_t length;
};

static uint64_t bounded(uint64_t length)
{
    return length < TRANSFER_MAX ? length : TRANSFER_MAX;
}

static long file_bytes(struct opening *opening, uint64_t position, void *into, uint64_t length)
{
    uint64_t done = 0;

    if (opening->file.kind != FILE_KIND_REGULAR) {
        return opening->file.kind == FILE_KIND_DIRECTORY ? -POSIX_EISDIR : -POSIX_EINVAL;
    }
    err_t err = files_read(&opening->file, position, into, bounded(length), &done);

    return err ? -errno_of_file(err) : (long)done;
}

/* no_wait: of a socket only what has come. */
static long read_locked(long number, void *into, size_t length, bool no_wait)
{
    struct opening *opening = opening_of(number);
    long done;

    if (opening == NULL || (opening->flags & OPEN_ACCESS) == OPEN_WRITE) {
        return -POSIX_EBADF;
    }
    if (opening->kind == OPENING_INPUT) {
        return 0;
    }
    if (opening->kind == OPENING_SOCKET) {
        opening->references++;
        done = socket_read(opening, into, length, no_wait);
        opening_put(opening);
        return done;
    }
    done = opening->kind == OPENING_TEXT ? resolver_read(opening, into, length)
                                         : file_bytes(opening, opening->position, into, length);
    if (done > 0) {
        opening->position += (uint64_t)done;
    }
    return done;
}

static long write_locked(long number, const void *from, size_t length)
{
    struct opening *opening = opening_of(number);
    long done;

    if (opening != NULL && opening->kind == OPENING_SOCKET) {
        opening->references++;
        done = socket_write(opening, from, length);
        opening_put(opening);
        return done;
    }
    length = bounded(length);
    if (opening != NULL && opening->kind == OPENING_FILE) {
        return file_write_here(opening, from, length);
    }
    if (opening == NULL || opening->kind != OPENING_OUTPUT) {
        return -POSIX_EBADF;
    }
    debug_write(from, length);
    return (long)length;
}

long posix_read(const long arguments[6])
{
    posix_lock();
    long result = read_locked(arguments[0], (void *)arguments[1], (size_t)arguments[2], false);

    posix_unlock();
    return result;
}

long posix_pread(const long arguments[6])
{
    posix_lock();
    struct opening *opening = opening_of(arguments[0]);
    long result;

    if (opening == NULL || (opening->flags & OPEN_ACCESS) == OPEN_WRITE) {
        result = -POSIX_EBADF;
    } else if (opening->kind != OPENING_FILE) {
        result = -POSIX_ESPIPE;
    } else if (arguments[3] < 0) {
        result = -POSIX_EINVAL;
    } else {
        result =
            file_bytes(opening, (uint64_t)arguments[3], (void *)arguments[1], (size_t)arguments[2]);
    }
    posix_unlock();
    return result;
}

long posix_write(const long arguments[6])
{
    posix_lock();
    long result = write_locked(arguments[0], (const void *)arguments[1], (size_t)arguments[2]);

    posix_unlock();
    return result;
}

/*
 * One part after the other; the first that is not moved whole is the last. Who has read something
 * does not wait for more.
 */
static long parts_move(const long arguments[6], bool is_write)
{
    const struct part *parts = (const struct part *)arguments[1];
    long moved = 0;

    if (arguments[2] < 0 || arguments[2] > PARTS_MAX) {
        return -POSIX_EINVAL;
    }
    posix_lock();
    for (long i = 0; i < arguments[2]; i++) {
        long length = is_write
                          ? write_locked(arguments[0], parts[i].base, parts[i].length)
                          : read_locked(arguments[0], parts[i].base, parts[i].length, moved > 0);

        if (length < 0) {
            moved = moved > 0 ? moved : length;
            break;
        }
        moved += length;
        if ((size_t)length < parts[i].length) {
            break;
        }
    }
    posix_unlock();
    return moved;
}

long posix_readv(const long arguments[6])
{
    return parts_move(arguments, false);
}

long posix_writev(const long arguments[6])
{
    return parts_move(arguments, true);
}

/* Where @offset is counted from; a negated error. */
static int64_t seek_base(struct opening *opening, long from)
{
    struct files_status status;

    if (from == FROM_START) {
        return 0;
    }
    if (from == FROM_HERE) {
        return (int64_t)opening->position;
    }
    if (from != FROM_END || opening->file.kind == FILE_KIND_DIRECTORY) {
        return -POSIX_EINVAL;
    }
    err_t err = files_stat(&opening->file, &status);

    return err ? -errno_of_file(err) : (int64_t)status.bytes;
}

/* A directory's position is a number of names: from there on they are read anew. */
static void position_set(struct opening *opening, uint64_t position)
{
    opening->position = position;
    if (opening->file.kind == FILE_KIND_DIRECTORY) {
        opening->list.dir = NULL;
        opening->has_name = false;
    }
}

static long seek(long number, int64_t offset, long from)
{
    struct opening *opening = opening_of(number);
    int64_t position;

    if (opening == NULL) {
        return -POSIX_EBADF;
    }
    if (opening->kind != OPENING_FILE) {
        return -POSIX_ESPIPE;
    }
    position = seek_base(opening, from);
    if (position < 0) {
        return position;
    }
    if (__builtin_add_overflow(position, offset, &position) || position < 0) {
        return -POSIX_EINVAL;
    }
    position_set(opening, (uint64_t)position);
    return position;
}

long posix_lseek(const long arguments[6])
{
    posix_lock();
    long result = seek(arguments[0], arguments[1], arguments[2]);

    posix_unlock();
    return result;
}
