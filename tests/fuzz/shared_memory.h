/* SPDX-License-Identifier: MIT */
/* Memory that a process shares with those it forks. */
#pragma once

#include <stddef.h>

/** Cleared; ends the program if there is none. Never given back. */
void *shared_memory_make(size_t size_bytes);
