/* SPDX-License-Identifier: MIT */
/*
 * Text for people on the debug UART, and assertions. Silent in programs without the capability. A line of up to 48 characters is
 * whole: in a longer one what a terminal's driver shows can come after each 48. What a server says whenever it starts is shorter.
 */
#pragma once

#include <stddef.h>

/** debug_write() - write bytes as they are. Blocks: no. Cost: one system call for 48 bytes. */
void debug_write(const char *text, size_t length);

/** debug_printf() - formatted as format() does it; a text of more than 511 characters is cut. */
__attribute__((format(printf, 1, 2))) void debug_printf(const char *text, ...);

/** program_panic() - say what was wrong, and end the program with status 255. */
_Noreturn void program_panic(const char *text, const char *file, unsigned line);

/* For our own mistakes only, never for what another program can write. */
#define assert(condition) ((condition) ? (void)0 : program_panic(#condition, __FILE__, __LINE__))
