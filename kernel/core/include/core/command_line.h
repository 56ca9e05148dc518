/* SPDX-License-Identifier: MIT */
/* The command line: words, some of the form name=value. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** Finds name=value and copies the value, cut to size - 1 characters; false if it is not there. */
bool command_line_get(const char *line, const char *name, char *value, uint32_t size);
/** The decimal number a text begins with; 0 if with none. */
uint64_t command_line_number(const char *text);
