/* SPDX-License-Identifier: MIT */
/* The console's bytes in and out: all that knows by which road they go. */
#pragma once

#include <stddef.h>

#include "abi/errors.h"
#include "abi/types.h"

/**
 * console_read() - the next byte that was typed.
 * @deadline_ns: absolute; one that has passed asks only for what is there; DEADLINE_NEVER: none.
 * Errors: ERR_TIMED_OUT  nothing came until then.
 */
MUST_CHECK err_t console_read(ns_t deadline_ns, char *byte);

/** console_pause() - wait, and answer probes meanwhile. @deadline_ns: absolute. */
void console_pause(ns_t deadline_ns);

/** console_write() - show bytes as they are. */
void console_write(const char *text, size_t length);

/** console_printf() - show text formatted as format() does it; one of more than 511 characters is cut. */
__attribute__((format(printf, 1, 2))) void console_printf(const char *text, ...);
