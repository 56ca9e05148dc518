/* SPDX-License-Identifier: MIT */
/* Between start.S and C. */
#pragma once

#include "pith/thread.h"

/** thread_entry() - where a further thread begins; its stack pointer is at its block. */
void thread_entry(void);

/** thread_begin(), program_start() - called by start.S, with the thread's block. */
_Noreturn void thread_begin(struct thread_block *block);
_Noreturn void program_start(struct thread_block *block);
