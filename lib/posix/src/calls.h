/* SPDX-License-Identifier: MIT */
/* The calls that there are. Each takes the six arguments and gives a result or a negated error number. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/types.h"
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

/* write.c */
long posix_pwrite(const long arguments[6]);
long posix_ftruncate(const long arguments[6]);
long posix_truncate(const long arguments[6]);
long posix_fsync(const long arguments[6]);

/* change.c */
long posix_mkdir(const long arguments[6]);
long posix_mkdirat(const long arguments[6]);
long posix_rmdir(const long arguments[6]);
long posix_unlink(const long arguments[6]);
long posix_unlinkat(const long arguments[6]);
long posix_rename(const long arguments[6]);
long posix_renameat(const long arguments[6]);
long posix_renameat2(const long arguments[6]);
long posix_symlink(const long arguments[6]);
long posix_symlinkat(const long arguments[6]);

/* signal.c */
long posix_sigaction(const long arguments[6]);
long posix_sigprocmask(const long arguments[6]);
long posix_sigpending(const long arguments[6]);
long posix_kill(const long arguments[6]);
long posix_tkill(const long arguments[6]);

/* select.c */
long posix_select(const long arguments[6]);
long posix_pselect(const long arguments[6]);

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
long posix_sysinfo(const long arguments[6]);

/* thread.c */
long posix_thread_create(const long arguments[6]);
long posix_thread_exit(const long arguments[6]);
long posix_thread_unmap_exit(const long arguments[6]);
long posix_set_tid_address(const long arguments[6]);
long posix_gettid(const long arguments[6]);

/* futex.c */
long posix_futex(const long arguments[6]);

/* socket.c */
long posix_socket(const long arguments[6]);
long posix_bind(const long arguments[6]);
long posix_listen(const long arguments[6]);
long posix_connect(const long arguments[6]);
long posix_shutdown(const long arguments[6]);
long posix_accept(const long arguments[6]);
long posix_accept4(const long arguments[6]);

/* socket_data.c */
long posix_sendto(const long arguments[6]);
long posix_recvfrom(const long arguments[6]);

/* socket_info.c */
long posix_getsockname(const long arguments[6]);
long posix_getpeername(const long arguments[6]);
long posix_setsockopt(const long arguments[6]);
long posix_getsockopt(const long arguments[6]);
long posix_poll(const long arguments[6]);
long posix_ppoll(const long arguments[6]);

/* time.c */
struct posix_time {
    int64_t seconds;
    int64_t nanoseconds;
};

/** deadline_after() - so long after @from; false: it is no time. */
bool deadline_after(const struct posix_time *time, ns_t from, ns_t *deadline);
long posix_clock_gettime(const long arguments[6]);
long posix_clock_getres(const long arguments[6]);
long posix_nanosleep(const long arguments[6]);
long posix_clock_nanosleep(const long arguments[6]);
