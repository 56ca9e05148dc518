/* SPDX-License-Identifier: MIT */
/* The beginning and the end of threads: musl's own speak to Linux's kernel, these to lib/posix. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdarg.h>

#include "pthread_impl.h"

#include "posix/syscall.h"

/* For threads; a process that shares memory with its parent, as posix_spawn() wants one, is not to be had. */
int __clone(int (*function)(void *), void *stack, int flags, void *argument, ...)
{
    va_list list;

    if ((flags & CLONE_THREAD) == 0) {
        return -ENOSYS;
    }
    va_start(list, argument);
    long number = va_arg(list, long);
    long pointer = va_arg(list, long);
    long clear = va_arg(list, long);

    va_end(list);
    return (int)pith_syscall(POSIX_THREAD_CREATE, (long)function, (long)stack, (long)argument,
                             number, pointer, clear);
}

/* In one call: what it runs on afterwards is not in the memory that goes. */
void __unmapself(void *base, size_t size)
{
    (void)pith_syscall(POSIX_THREAD_UNMAP_EXIT, (long)base, (long)size, 0, 0, 0, 0);
    __builtin_trap();
}
