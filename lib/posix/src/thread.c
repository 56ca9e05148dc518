/* SPDX-License-Identifier: MIT */
#include "thread.h"

#include <stddef.h>

_Thread_local struct posix_thread *posix_thread_self;

_Static_assert(offsetof(struct posix_thread, stack) == 0, "entry.S knows");
