/* SPDX-License-Identifier: MIT */
/* What a server of the protocol file (abi/idl/file.idl) puts into the data area. */
#pragma once

#include <stdint.h>

#define FILE_ENTRY_ALIGN 8u

/* An entry of a directory, followed by its name, without a 0; the next one is `bytes` further. */
struct file_entry {
    uint64_t inode;
    uint16_t bytes;      /* of the entry with its name, a multiple of FILE_ENTRY_ALIGN */
    uint8_t kind;        /* enum file_kind; NONE: ask the file */
    uint8_t name_length; /* 1 .. 255; a name holds no '/' and no 0 */
    uint32_t reserved;
};
_Static_assert(sizeof(struct file_entry) == 16, "the same for both sides");
