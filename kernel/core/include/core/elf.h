/* SPDX-License-Identifier: MIT */
/* Reading a program: ELF64, static, for this machine. Nothing in the file is believed unchecked. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/types.h"

#define ELF_SEGMENTS_MAX 8u
#define ELF_IMAGE_MAX (256ull << 20)

struct elf_segment {
    user_addr_t start;
    uint64_t memory_bytes;
    const uint8_t *data; /* borrowed from the file */
    uint64_t file_bytes; /* at most memory_bytes; the rest is zero */
    uint32_t prot;       /* enum prot */
};

/*
 * Invariant: segments are in order, share no page, and lie in [low, high), which are page-aligned.
 */
struct elf_program {
    user_addr_t entry;
    user_addr_t low;
    user_addr_t high;
    uint64_t abi_hash; /* of the note; 0: there is none */
    uint32_t segment_count;
    struct elf_segment segments[ELF_SEGMENTS_MAX];
};

/** NULL if all is well, else what is wrong with the file. Borrows the file. */
const char *elf_read(const uint8_t *file, uint64_t size_bytes, struct elf_program *program);
