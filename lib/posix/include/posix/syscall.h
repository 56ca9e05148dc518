/* SPDX-License-Identifier: MIT */
/*
 * What a C library calls in place of the system: Linux's numbers and meanings, as far as they are there.
 * Size: seven parameters are what a system call has.
 */
#pragma once

/* Calls that Linux has otherwise, or not at all. */
enum {
    POSIX_OWN_FIRST = 0x1000,
    /* function, end of its stack, argument, where its number goes, thread pointer, what to clear at its end */
    POSIX_THREAD_CREATE = POSIX_OWN_FIRST,
    /* begin and size of the memory with the caller's stack; never returns */
    POSIX_THREAD_UNMAP_EXIT,
    POSIX_OWN_LAST = POSIX_THREAD_UNMAP_EXIT,
};

/**
 * pith_syscall() - a system call of Linux x86-64. Gives its result, or an error number, negated; -ENOSYS for
 * what is not there.
 */
long pith_syscall(long number, long a1, long a2, long a3, long a4, long a5, long a6);
