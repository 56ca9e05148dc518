/* SPDX-License-Identifier: MIT */
/*
 * What a C library calls in place of the system: Linux's numbers and meanings, as far as they are there.
 * Size: seven parameters are what a system call has.
 */
#pragma once

/**
 * pith_syscall() - a system call of Linux x86-64. Gives its result, or an error number, negated; -ENOSYS for
 * what is not there.
 */
long pith_syscall(long number, long a1, long a2, long a3, long a4, long a5, long a6);
