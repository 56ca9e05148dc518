/* SPDX-License-Identifier: MIT */
#include "core/cpio.h"

#include <stddef.h>

#include "core/bytes.h"

/* A header of the "newc" format: 6 characters "070701", then 13 numbers of 8 hexadecimal digits. */
#define HEADER_BYTES 110u
#define SIZE_AT 54u
#define NAME_SIZE_AT 94u

static bool hex_read(const uint8_t *digits, uint64_t *value)
{
    *value = 0;
    for (uint32_t i = 0; i < 8; i++) {
        uint8_t digit = digits[i];

        if (digit >= '0' && digit <= '9') {
            *value = *value << 4 | (uint64_t)(digit - '0');
        } else if ((digit | 0x20) >= 'a' && (digit | 0x20) <= 'f') {
            *value = *value << 4 | (uint64_t)((digit | 0x20) - 'a' + 10);
        } else {
            return false;
        }
    }
    return true;
}

const uint8_t *cpio_first(const uint8_t *archive, uint64_t size_bytes, uint64_t *member_bytes)
{
    uint64_t size;
    uint64_t name_bytes;

    if (size_bytes < HEADER_BYTES || !bytes_are(archive, "070701", 6)) {
        return NULL;
    }
    if (!hex_read(archive + SIZE_AT, &size) || !hex_read(archive + NAME_SIZE_AT, &name_bytes)) {
        return NULL;
    }
    uint64_t start = (HEADER_BYTES + name_bytes + 3) & ~3ull;

    if (start > size_bytes || size > size_bytes - start) {
        return NULL;
    }
    *member_bytes = size;
    return archive + start;
}
