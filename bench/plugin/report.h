/* SPDX-License-Identifier: MIT */
/* Samples of one quantity, and the table made from them. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Grows as needed. Zero is empty. */
struct samples {
    uint64_t *values;
    size_t count;
    size_t room;
};

/** samples_add() - add one; a machine without memory ends the emulator. */
void samples_add(struct samples *samples, uint64_t value);

/** samples_print() - a line `row what n min median max`, tab-separated; nothing if empty. Sorts. */
void samples_print(FILE *file, unsigned row, const char *what, struct samples *samples);
