/* SPDX-License-Identifier: MIT */
/* What must be in the files: tools/bench_disk.py wrote it. */
#pragma once

#include <stdint.h>

#define FILE_BIG 0u /* /big, 64 MiB; /NUMBER has 1 MiB, 1 .. FILES_SMALL */
#define FILES_SMALL 16u

/**
 * check_bytes() - bytes of a file, from a position; both are multiples of 8. A benchmark of something that
 * reads the wrong bytes is none: it ends the program.
 */
void check_bytes(uint32_t file, uint64_t position, const void *data, uint64_t bytes);
