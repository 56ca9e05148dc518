/* SPDX-License-Identifier: MIT */
/*
 * Stands before musl's own header of that name: its system calls are calls of a function (posix/syscall.h).
 * Size: the names and their parameters are musl's.
 */
#pragma once

#define __SYSCALL_LL_E(x) (x)
#define __SYSCALL_LL_O(x) (x)
#define IPC_64 0

long pith_syscall(long number, long a1, long a2, long a3, long a4, long a5, long a6);

static inline long __syscall0(long n)
{
    return pith_syscall(n, 0, 0, 0, 0, 0, 0);
}

static inline long __syscall1(long n, long a1)
{
    return pith_syscall(n, a1, 0, 0, 0, 0, 0);
}

static inline long __syscall2(long n, long a1, long a2)
{
    return pith_syscall(n, a1, a2, 0, 0, 0, 0);
}

static inline long __syscall3(long n, long a1, long a2, long a3)
{
    return pith_syscall(n, a1, a2, a3, 0, 0, 0);
}

static inline long __syscall4(long n, long a1, long a2, long a3, long a4)
{
    return pith_syscall(n, a1, a2, a3, a4, 0, 0);
}

static inline long __syscall5(long n, long a1, long a2, long a3, long a4, long a5)
{
    return pith_syscall(n, a1, a2, a3, a4, a5, 0);
}

static inline long __syscall6(long n, long a1, long a2, long a3, long a4, long a5, long a6)
{
    return pith_syscall(n, a1, a2, a3, a4, a5, a6);
}
