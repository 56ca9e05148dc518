/* SPDX-License-Identifier: MIT */
/*
 * The table of calls. A program here is one process: it has number 1.
 * Size: seven parameters are what a system call has.
 */
#include <stddef.h>

#include "calls.h"
#include "libc_start.h"
#include "pith/kernel_calls.h"
#include "pith/start.h"
#include "pith/syscall.h"
#include "posix/syscall.h"

enum { PROCESS = 1, SET_FS = 0x1002 };

/* Linux's numbers, by Linux's table for x86-64. */
enum {
    CALL_READ = 0,
    CALL_WRITE = 1,
    CALL_OPEN = 2,
    CALL_CLOSE = 3,
    CALL_STAT = 4,
    CALL_FSTAT = 5,
    CALL_LSTAT = 6,
    CALL_POLL = 7,
    CALL_LSEEK = 8,
    CALL_MMAP = 9,
    CALL_MPROTECT = 10,
    CALL_MUNMAP = 11,
    CALL_BRK = 12,
    CALL_RT_SIGACTION = 13,
    CALL_RT_SIGPROCMASK = 14,
    CALL_IOCTL = 16,
    CALL_PREAD = 17,
    CALL_PWRITE = 18,
    CALL_READV = 19,
    CALL_WRITEV = 20,
    CALL_ACCESS = 21,
    CALL_SELECT = 23,
    CALL_SCHED_YIELD = 24,
    CALL_MADVISE = 28,
    CALL_DUP = 32,
    CALL_DUP2 = 33,
    CALL_NANOSLEEP = 35,
    CALL_GETPID = 39,
    CALL_SOCKET = 41,
    CALL_CONNECT = 42,
    CALL_ACCEPT = 43,
    CALL_SENDTO = 44,
    CALL_RECVFROM = 45,
    CALL_SHUTDOWN = 48,
    CALL_BIND = 49,
    CALL_LISTEN = 50,
    CALL_GETSOCKNAME = 51,
    CALL_GETPEERNAME = 52,
    CALL_SETSOCKOPT = 54,
    CALL_GETSOCKOPT = 55,
    CALL_EXIT = 60,
    CALL_KILL = 62,
    CALL_FCNTL = 72,
    CALL_FSYNC = 74,
    CALL_FDATASYNC = 75,
    CALL_TRUNCATE = 76,
    CALL_FTRUNCATE = 77,
    CALL_GETCWD = 79,
    CALL_CHDIR = 80,
    CALL_FCHDIR = 81,
    CALL_RENAME = 82,
    CALL_MKDIR = 83,
    CALL_RMDIR = 84,
    CALL_CREAT = 85,
    CALL_UNLINK = 87,
    CALL_SYMLINK = 88,
    CALL_READLINK = 89,
    CALL_SYSINFO = 99,
    CALL_RT_SIGPENDING = 127,
    CALL_ARCH_PRCTL = 158,
    CALL_GETTID = 186,
    CALL_TKILL = 200,
    CALL_FUTEX = 202,
    CALL_SET_THREAD_AREA = 205,
    CALL_GETDENTS = 217,
    CALL_SET_TID_ADDRESS = 218,
    CALL_CLOCK_GETTIME = 228,
    CALL_CLOCK_GETRES = 229,
    CALL_CLOCK_NANOSLEEP = 230,
    CALL_EXIT_GROUP = 231,
    CALL_OPENAT = 257,
    CALL_MKDIRAT = 258,
    CALL_FSTATAT = 262,
    CALL_UNLINKAT = 263,
    CALL_RENAMEAT = 264,
    CALL_SYMLINKAT = 266,
    CALL_READLINKAT = 267,
    CALL_FACCESSAT = 269,
    CALL_PSELECT = 270,
    CALL_PPOLL = 271,
    CALL_ACCEPT4 = 288,
    CALL_DUP3 = 292,
    CALL_RENAMEAT2 = 316,
    CALL_FACCESSAT2 = 439,
};

static long process_number(const long arguments[6])
{
    (void)arguments;
    return PROCESS;
}

static long end(const long arguments[6])
{
    program_exit((int)arguments[0]);
}

static long yield(const long arguments[6])
{
    (void)arguments;
    (void)!thread_yield();
    return 0;
}

/*
 * The thread pointer is a register that only who started the program can write, and did (docs/libc.md).
 * The first word behind it points to itself when it is the one that the C library wants.
 */
static long thread_pointer_set(uintptr_t wanted)
{
    uintptr_t found;

    __asm__("mov %%fs:0, %0" : "=r"(found));
    return found == wanted ? 0 : -POSIX_EINVAL;
}

static long set_thread_area(const long arguments[6])
{
    return thread_pointer_set((uintptr_t)arguments[0]);
}

static long arch_prctl(const long arguments[6])
{
    return arguments[0] == SET_FS ? thread_pointer_set((uintptr_t)arguments[1]) : -POSIX_EINVAL;
}

static const posix_call_t calls[] = {
    [CALL_READ] = posix_read,
    [CALL_WRITE] = posix_write,
    [CALL_OPEN] = posix_open,
    [CALL_CLOSE] = posix_close,
    [CALL_STAT] = posix_stat,
    [CALL_FSTAT] = posix_fstat,
    [CALL_LSTAT] = posix_lstat,
    [CALL_POLL] = posix_poll,
    [CALL_LSEEK] = posix_lseek,
    [CALL_MMAP] = posix_mmap,
    [CALL_MPROTECT] = posix_mprotect,
    [CALL_MUNMAP] = posix_munmap,
    [CALL_BRK] = posix_brk,
    [CALL_RT_SIGACTION] = posix_sigaction,
    [CALL_RT_SIGPROCMASK] = posix_sigprocmask,
    [CALL_IOCTL] = posix_ioctl,
    [CALL_PREAD] = posix_pread,
    [CALL_PWRITE] = posix_pwrite,
    [CALL_READV] = posix_readv,
    [CALL_WRITEV] = posix_writev,
    [CALL_ACCESS] = posix_access,
    [CALL_SELECT] = posix_select,
    [CALL_SCHED_YIELD] = yield,
    [CALL_MADVISE] = posix_madvise,
    [CALL_DUP] = posix_dup,
    [CALL_DUP2] = posix_dup2,
    [CALL_NANOSLEEP] = posix_nanosleep,
    [CALL_GETPID] = process_number,
    [CALL_SOCKET] = posix_socket,
    [CALL_CONNECT] = posix_connect,
    [CALL_ACCEPT] = posix_accept,
    [CALL_SENDTO] = posix_sendto,
    [CALL_RECVFROM] = posix_recvfrom,
    [CALL_SHUTDOWN] = posix_shutdown,
    [CALL_BIND] = posix_bind,
    [CALL_LISTEN] = posix_listen,
    [CALL_GETSOCKNAME] = posix_getsockname,
    [CALL_GETPEERNAME] = posix_getpeername,
    [CALL_SETSOCKOPT] = posix_setsockopt,
    [CALL_GETSOCKOPT] = posix_getsockopt,
    [CALL_EXIT] = posix_thread_exit,
    [CALL_KILL] = posix_kill,
    [CALL_FCNTL] = posix_fcntl,
    [CALL_FSYNC] = posix_fsync,
    [CALL_FDATASYNC] = posix_fsync,
    [CALL_TRUNCATE] = posix_truncate,
    [CALL_FTRUNCATE] = posix_ftruncate,
    [CALL_GETCWD] = posix_getcwd,
    [CALL_CHDIR] = posix_chdir,
    [CALL_FCHDIR] = posix_fchdir,
    [CALL_RENAME] = posix_rename,
    [CALL_MKDIR] = posix_mkdir,
    [CALL_RMDIR] = posix_rmdir,
    [CALL_CREAT] = posix_creat,
    [CALL_UNLINK] = posix_unlink,
    [CALL_SYMLINK] = posix_symlink,
    [CALL_READLINK] = posix_readlink,
    [CALL_SYSINFO] = posix_sysinfo,
    [CALL_RT_SIGPENDING] = posix_sigpending,
    [CALL_ARCH_PRCTL] = arch_prctl,
    [CALL_GETTID] = posix_gettid,
    [CALL_TKILL] = posix_tkill,
    [CALL_FUTEX] = posix_futex,
    [CALL_SET_THREAD_AREA] = set_thread_area,
    [CALL_GETDENTS] = posix_getdents,
    [CALL_SET_TID_ADDRESS] = posix_set_tid_address,
    [CALL_CLOCK_GETTIME] = posix_clock_gettime,
    [CALL_CLOCK_GETRES] = posix_clock_getres,
    [CALL_CLOCK_NANOSLEEP] = posix_clock_nanosleep,
    [CALL_EXIT_GROUP] = end,
    [CALL_OPENAT] = posix_openat,
    [CALL_MKDIRAT] = posix_mkdirat,
    [CALL_FSTATAT] = posix_fstatat,
    [CALL_UNLINKAT] = posix_unlinkat,
    [CALL_RENAMEAT] = posix_renameat,
    [CALL_SYMLINKAT] = posix_symlinkat,
    [CALL_READLINKAT] = posix_readlinkat,
    [CALL_FACCESSAT] = posix_faccessat,
    [CALL_PSELECT] = posix_pselect,
    [CALL_PPOLL] = posix_ppoll,
    [CALL_ACCEPT4] = posix_accept4,
    [CALL_DUP3] = posix_dup3,
    [CALL_RENAMEAT2] = posix_renameat2,
    [CALL_FACCESSAT2] = posix_faccessat2,
};

/* Ours alone (posix/syscall.h). */
static const posix_call_t own_calls[] = {
    [POSIX_THREAD_CREATE - POSIX_OWN_FIRST] = posix_thread_create,
    [POSIX_THREAD_UNMAP_EXIT - POSIX_OWN_FIRST] = posix_thread_unmap_exit,
};

long posix_syscall(long number, long a1, long a2, long a3, long a4, long a5, long a6)
{
    const long arguments[6] = { a1, a2, a3, a4, a5, a6 };

    if (number >= POSIX_OWN_FIRST && number <= POSIX_OWN_LAST) {
        return own_calls[number - POSIX_OWN_FIRST](arguments);
    }
    if (number < 0 || number >= (long)(sizeof(calls) / sizeof(calls[0])) || calls[number] == NULL) {
        return -POSIX_ENOSYS;
    }
    return calls[number](arguments);
}
