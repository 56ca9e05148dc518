/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "pith/debug.h"
#include "pith/start.h"

void check_bytes(uint32_t file, uint64_t position, const void *data, uint64_t bytes)
{
    const uint64_t *words = data;
    uint64_t first = position / sizeof(uint64_t);

    for (uint64_t i = 0; i < bytes / sizeof(uint64_t); i++) {
        uint64_t wanted = (uint64_t)file << 32 | (first + i);

        if (words[i] != wanted) {
            debug_printf("FAIL bench_files: file %u at %lu: wanted: %016lx got: %016lx\n", file,
                         (unsigned long)((first + i) * sizeof(uint64_t)), (unsigned long)wanted,
                         (unsigned long)words[i]);
            program_exit(1);
        }
    }
}
