/* SPDX-License-Identifier: MIT */
/* Code that may panic, or leaves state that lasts: run in a process of its own. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct last_words {
    bool has_panicked;
    bool has_failed;    /* a check in the process did */
    char text[256];     /* what the hardware layer was given: the kernel's reason */
    char printed[4096]; /* the end of what the debug UART got */
};

/**
 * last_words_of() - call run(argument) in a process of its own, with a machine that ends with the first panic.
 * Its checks count as the running test's. Borrows: valid until the next call.
 */
const struct last_words *last_words_of(void (*run)(const void *argument), const void *argument);

/** In that process: a panic first does this, once, as if printing it had found something broken. */
void last_words_after(void (*next)(void));

/** Memory that the processes share, cleared; never given back. */
void *last_words_memory(size_t size_bytes);
