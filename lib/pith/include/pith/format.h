/* SPDX-License-Identifier: MIT */
/* Text from values, as printf does it: %% %c %s %d %i %u %x %X %p, l ll z, width (or *), 0 and -, .precision of %s. */
#pragma once

#include <stdarg.h>
#include <stddef.h>

/**
 * format_list() - write text to @buffer, always ended with 0 if @size is not 0.
 * Gives the length that the text has, which may be more than fits. An unknown conversion is copied as it is.
 */
size_t format_list(char *buffer, size_t size, const char *format, va_list list);

/** format() - the same, from arguments. */
__attribute__((format(printf, 3, 4))) size_t format(char *buffer, size_t size, const char *text,
                                                    ...);
