/* SPDX-License-Identifier: MIT */
/* Between C and entry.S, and what ties this module to the linker script. Size: as calls have them. */
#pragma once

#include "thread.h"

typedef int (*main_function_t)(int count, char **arguments, char **environment);

/** posix_main_enter() - the C library's beginning, and with it main(), on the stack that ends at @stack. */
_Noreturn void posix_main_enter(struct posix_thread *thread, uintptr_t stack, main_function_t main,
                                int count, char **arguments);

/** posix_thread_enter() - where a further thread begins: function and argument are on its stack. */
void posix_thread_enter(void);

/** posix_syscall() - pith_syscall(), on the thread's own stack. Size: that many parameters are what a system call has. */
long posix_syscall(long number, long a1, long a2, long a3, long a4, long a5, long a6);

extern const char posix_is_linked;
