/* SPDX-License-Identifier: MIT */
/* Threads of the program, as the C library sees them. */
#pragma once

#include <stdint.h>

struct posix_thread {
    uintptr_t stack; /* where its calls run; entry.S knows that this is the first member */
};

/* The C library's thread-local storage holds who one is; NULL before main(). */
extern _Thread_local struct posix_thread *posix_thread_self;
