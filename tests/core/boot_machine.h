/* SPDX-License-Identifier: MIT */
/* A machine as a boot loader leaves it, made to order, and the kernel's way from there to the first program. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "boot_program.h"
#include "core/boot.h"

#define BOOT_RAM_BYTES (8u << 20)
#define BOOT_HOLE_AT (6u << 20) /* three pages that are held, unless memory is scattered */
#define BOOT_PIECES                                                                                \
    (BOOT_RANGES_MAX + 10u) /* of a page, if memory is scattered: more than are kept */
#define BOOT_DEVICE_END 0x180000000ull

struct boot_setting {
    struct program_order program;
    const char *command_line;
    uint32_t archive_shift; /* past the start of a page */
    bool has_no_archive;
    uint8_t spoils; /* the archive's first byte */
    bool is_scattered;
    bool has_devices; /* of many holes, some above 4 GiB */
};

/** Boots as the struct boot_setting says. Once in a process: see last_words.h. */
void boot_machine(const void *setting);

/** What the kernel was given, and has used up since. */
const struct boot_plan *boot_machine_plan(void);
