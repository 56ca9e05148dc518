/* SPDX-License-Identifier: MIT */
/* Error numbers of Linux, and which of them stands for which of ours (docs/libc.md). */
#pragma once

#include "abi/errors.h"

enum {
    POSIX_ENOENT = 2,
    POSIX_ESRCH = 3,
    POSIX_EIO = 5,
    POSIX_EBADF = 9,
    POSIX_EAGAIN = 11,
    POSIX_ENOMEM = 12,
    POSIX_EACCES = 13,
    POSIX_EFAULT = 14,
    POSIX_EEXIST = 17,
    POSIX_ENODEV = 19,
    POSIX_ENOTDIR = 20,
    POSIX_EISDIR = 21,
    POSIX_EINVAL = 22,
    POSIX_EMFILE = 24,
    POSIX_ENOTTY = 25,
    POSIX_EFBIG = 27,
    POSIX_ENOSPC = 28,
    POSIX_ESPIPE = 29,
    POSIX_EROFS = 30,
    POSIX_EPIPE = 32,
    POSIX_ERANGE = 34,
    POSIX_ENAMETOOLONG = 36,
    POSIX_ENOSYS = 38,
    POSIX_ENOTEMPTY = 39,
    POSIX_ELOOP = 40,
    POSIX_ENOTSOCK = 88,
    POSIX_EDESTADDRREQ = 89,
    POSIX_EMSGSIZE = 90,
    POSIX_ENOPROTOOPT = 92,
    POSIX_EPROTONOSUPPORT = 93,
    POSIX_EOPNOTSUPP = 95,
    POSIX_EAFNOSUPPORT = 97,
    POSIX_EADDRINUSE = 98,
    POSIX_EADDRNOTAVAIL = 99,
    POSIX_ENETUNREACH = 101,
    POSIX_ECONNRESET = 104,
    POSIX_ENOBUFS = 105,
    POSIX_EISCONN = 106,
    POSIX_ENOTCONN = 107,
    POSIX_ETIMEDOUT = 110,
    POSIX_ECONNREFUSED = 111,
    POSIX_EINPROGRESS = 115,
    POSIX_ESTALE = 116,
    POSIX_EUCLEAN = 117,
};

/** errno_of_file() - what a program is told when a call to the file server failed. */
int errno_of_file(err_t err);
