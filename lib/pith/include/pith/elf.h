/* SPDX-License-Identifier: MIT */
/* Programs as files: static ELF for x86-64 with an ABI note. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"

#define ELF_SEGMENTS_MAX 4u
#define ELF_SEGMENT_THREAD 0x60706974u /* a segment of ours: its address is the thread pointer */

struct elf_segment {
    user_addr_t start; /* a multiple of a page */
    uint64_t bytes;    /* of memory, a multiple of a page */
    uint64_t skip;     /* bytes of zero before data */
    const void *data;  /* borrowed from the file */
    uint64_t data_bytes;
    uint32_t prot; /* enum prot; never WRITE and EXEC */
};

struct elf_image {
    user_addr_t entry;
    user_addr_t end;            /* first address after the last segment */
    user_addr_t thread_pointer; /* fs base of the first thread; 0: it wants none */
    uint32_t segment_count;
    struct elf_segment segments[ELF_SEGMENTS_MAX];
};

/**
 * elf_read() - check a file and find its segments. @abi_hash is that of the running kernel.
 * @why: on an error, what is wrong, for people.
 *
 * Errors: ERR_RANGE       the file is damaged or not of this kind.
 *         ERR_WRONG_TYPE  it has no ABI note, or was built for another ABI.
 *         ERR_NO_RIGHT    a segment is writable and executable.
 */
MUST_CHECK err_t elf_read(const void *file, size_t file_bytes, uint64_t abi_hash,
                          struct elf_image *image, const char **why);
