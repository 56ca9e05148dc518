/* SPDX-License-Identifier: MIT */
/* A boot archive with one program in it, as the build makes them; made to order for tests of boot. */
#pragma once

#include <stdint.h>

#include "abi/kernel_calls.h"
#include "abi/types.h"

#define PROGRAM_TEXT_ADDR 0x400000ull
#define PROGRAM_DATA_OFFSET 0x2010u /* of the data from the text */
#define PROGRAM_BSS_PAGES 3u

struct program_order {
    user_addr_t entry;     /* 0: the first byte of the text */
    user_addr_t text_addr; /* 0: PROGRAM_TEXT_ADDR */
    uint64_t abi_hash;     /* of the note; 0: there is no note */
};

enum { ARCHIVE_BYTES = 4096 + 700, PROGRAM_TEXT_BYTES = 256, PROGRAM_DATA_BYTES = 64 };

/** What stands in the text and data: byte i of a section. */
uint8_t program_text_byte(uint32_t i);
uint8_t program_data_byte(uint32_t i);

/** Writes ARCHIVE_BYTES. */
void boot_archive_make(uint8_t *archive, const struct program_order *order);
