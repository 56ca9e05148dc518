/* SPDX-License-Identifier: MIT */
/* What a Multiboot2 loader (GRUB) hands over: Multiboot2 specification 2.0, 3.6. */
#pragma once

#include <stdint.h>

#include "core/boot.h"

#define MULTIBOOT2_MAGIC 0x36d76289u /* in eax at the entry */
#define MULTIBOOT2_BYTES_MAX (1u << 20)

/**
 * multiboot2_read() - memory map, boot archive (the first module), command line, ACPI's root pointer and frame
 * buffer, into an empty plan.
 * @info: where the loader left it; room_bytes may be read.
 * Returns NULL, or in words what is wrong with it. Believes no length in it beyond what contains it; what is there but
 * makes no sense is as if it were not there, unless nothing can be booted without.
 */
const char *multiboot2_read(const uint8_t *info, uint64_t room_bytes, struct boot_plan *plan);
