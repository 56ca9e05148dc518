/* SPDX-License-Identifier: MIT */
/* The checksums of ext4. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/** ext4_crc32c() - go on with a CRC-32C (Castagnoli), as ext4 uses it: nothing is inverted. */
uint32_t ext4_crc32c(uint32_t crc, const void *data, size_t bytes);

/** ext4_crc32() - the same with the polynomial of Ethernet, most significant bit first: old journals. */
uint32_t ext4_crc32(uint32_t crc, const void *data, size_t bytes);

/** ext4_crc16() - go on with a CRC-16 (polynomial 0x8005, reflected): old group descriptors. */
uint16_t ext4_crc16(uint16_t crc, const void *data, size_t bytes);
