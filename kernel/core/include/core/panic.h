/* SPDX-License-Identifier: MIT */
/* The end, in words; arch_panic() begins it. */
#pragma once

#include <stdint.h>

#include "abi/types.h"

enum panic_after { PANIC_STOP, PANIC_EXIT, PANIC_REBOOT };

struct panic_policy {
    enum panic_after after;
    uint32_t delay_s; /* before a reboot */
};

struct core;

/**
 * Reads panic= from the command line: stop, exit, or seconds until the reboot. Borrows core for
 * good.
 */
void panic_configure(const char *command_line, const struct core *core);
struct panic_policy panic_policy(void);

/**
 * panic_record_init() - use a page that keeps its contents over a restart for what a panic says.
 * If the last run left something there, prints and clears it.
 */
void panic_record_init(void *page);

/** arch_panic_end() calls this when it has printed all it knows. */
void panic_record_seal(void);
