/* SPDX-License-Identifier: MIT */
/* The calls that there are. Each takes the six arguments and gives a result or a negated error number. */
#pragma once

#include <stdint.h>

/* Error numbers of Linux. */
enum {
    POSIX_EBADF = 9,
    POSIX_ENOMEM = 12,
    POSIX_EACCES = 13,
    POSIX_EFAULT = 14,
    POSIX_EINVAL = 22,
    POSIX_ENOTTY = 25,
    POSIX_ENOSYS = 38,
    POSIX_ENODEV = 19,
};

typedef long (*posix_call_t)(const long arguments[6]);

/* output.c */
long posix_read(const long arguments[6]);
long posix_write(const long arguments[6]);
long posix_writev(const long arguments[6]);
long posix_close(const long arguments[6]);
long posix_ioctl(const long arguments[6]);

/* memory.c */
long posix_mmap(const long arguments[6]);
long posix_mprotect(const long arguments[6]);
long posix_munmap(const long arguments[6]);
long posix_brk(const long arguments[6]);
long posix_madvise(const long arguments[6]);

/* time.c */
long posix_clock_gettime(const long arguments[6]);
long posix_clock_getres(const long arguments[6]);
long posix_nanosleep(const long arguments[6]);
long posix_clock_nanosleep(const long arguments[6]);
