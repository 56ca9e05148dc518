/* SPDX-License-Identifier: MIT */
/* The calls that there are. Each takes the six arguments and gives a result or a negated error number. */
#pragma once

#include <stdint.h>

#include "errors.h"

typedef long (*posix_call_t)(const long arguments[6]);

/* transfer.c */
long posix_read(const long arguments[6]);
long posix_pread(const long arguments[6]);
long posix_readv(const long arguments[6]);
long posix_write(const long arguments[6]);
long posix_writev(const long arguments[6]);
long posix_lseek(const long arguments[6]);

/* descriptor.c */
long posix_close(const long arguments[6]);
long posix_dup(const long arguments[6]);
long posix_dup2(const long arguments[6]);
long posix_dup3(const long arguments[6]);
long posix_fcntl(const long arguments[6]);
long posix_ioctl(const long arguments[6]);

/* open.c */
long posix_open(const long arguments[6]);
long posix_openat(const long arguments[6]);
long posix_creat(const long arguments[6]);

/* status.c */
long posix_stat(const long arguments[6]);
long posix_lstat(const long arguments[6]);
long posix_fstat(const long arguments[6]);
long posix_fstatat(const long arguments[6]);
long posix_access(const long arguments[6]);
long posix_faccessat(const long arguments[6]);
long posix_faccessat2(const long arguments[6]);
long posix_readlink(const long arguments[6]);
long posix_readlinkat(const long arguments[6]);

/* directory.c */
long posix_getdents(const long arguments[6]);
long posix_getcwd(const long arguments[6]);
long posix_chdir(const long arguments[6]);
long posix_fchdir(const long arguments[6]);

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
