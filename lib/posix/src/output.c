/* SPDX-License-Identifier: MIT */
/* Descriptors 0 to 2: nothing to read, and the debug UART to write to. */
#include <stddef.h>

#include "calls.h"
#include "pith/debug.h"

enum { INPUT = 0, OUTPUT = 1, ERRORS = 2, GET_WINDOW_SIZE = 0x5413, PARTS_MAX = 1024 };

struct part {
    const char *base;
    size_t length;
};

struct window_size {
    uint16_t rows, columns, width, height;
};

static long write_bytes(long fd, const char *bytes, size_t length)
{
    if (fd != OUTPUT && fd != ERRORS) {
        return -POSIX_EBADF;
    }
    debug_write(bytes, length);
    return (long)length;
}

long posix_read(const long arguments[6])
{
    return arguments[0] == INPUT ? 0 : -POSIX_EBADF;
}

long posix_write(const long arguments[6])
{
    return write_bytes(arguments[0], (const char *)arguments[1], (size_t)arguments[2]);
}

long posix_writev(const long arguments[6])
{
    const struct part *parts = (const struct part *)arguments[1];
    long written = 0;

    if (arguments[2] < 0 || arguments[2] > PARTS_MAX) {
        return -POSIX_EINVAL;
    }
    for (long i = 0; i < arguments[2]; i++) {
        long length = write_bytes(arguments[0], parts[i].base, parts[i].length);

        if (length < 0) {
            return length;
        }
        written += length;
    }
    return written;
}

long posix_close(const long arguments[6])
{
    return arguments[0] >= INPUT && arguments[0] <= ERRORS ? 0 : -POSIX_EBADF;
}

/* A terminal, so that output comes line by line. */
long posix_ioctl(const long arguments[6])
{
    struct window_size *size = (struct window_size *)arguments[2];

    if (arguments[0] < INPUT || arguments[0] > ERRORS) {
        return -POSIX_EBADF;
    }
    if (arguments[1] != GET_WINDOW_SIZE) {
        return -POSIX_ENOTTY;
    }
    *size = (struct window_size){ 24, 80, 0, 0 };
    return 0;
}
