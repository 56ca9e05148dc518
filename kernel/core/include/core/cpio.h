/* SPDX-License-Identifier: MIT */
/* The boot archive: cpio, format "newc". The kernel reads its first member only. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/**
 * The contents of the first member; NULL if this is no such archive or it is cut short. Borrows.
 */
const uint8_t *cpio_first(const uint8_t *archive, uint64_t size_bytes, uint64_t *member_bytes);
