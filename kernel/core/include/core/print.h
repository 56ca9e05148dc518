/* SPDX-License-Identifier: MIT */
/*
 * The kernel's own words, on the debug UART. For boot and panic; nothing here waits or allocates.
 */
#pragma once

#include <stdint.h>

#include "abi/types.h"

void print_char(char character);
void print_text(const char *text);
/** A number behind a text. */
void print_decimal(const char *before, uint64_t value);
/** The same, with at least digits digits, without 0x. */
void print_hex(const char *before, uint64_t value, uint32_t digits);

/**
 * From here on, all that is printed also goes to a record in the page, until print_record_close(),
 * which says how many bytes that was.
 */
void print_record_open(char *start, uint32_t size_bytes);
uint32_t print_record_close(void);
