/* SPDX-License-Identifier: MIT */
/* Where the C library begins, and what ties this module to the linker script. */
#pragma once

typedef int (*main_function_t)(int count, char **arguments, char **environment);

/* The C library's own: never returns. */
int __libc_start_main(main_function_t main, int count, char **arguments);

extern const char posix_is_linked;
