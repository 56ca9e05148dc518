/* SPDX-License-Identifier: MIT */
/* Must stay true: never reads past the archive, whatever its headers say. */
#include "pith/archive.h"

#include <stdbool.h>
#include <stdint.h>

enum { HEADER_BYTES = 110, FIELD_SIZE = 54, FIELD_NAME = 94, FIELD_BYTES = 8 };

static bool field_read(const unsigned char *field, uint32_t *value)
{
    *value = 0;
    for (int i = 0; i < FIELD_BYTES; i++) {
        unsigned char c = field[i];
        uint32_t digit;

        if (c >= '0' && c <= '9') {
            digit = (uint32_t)(c - '0');
        } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
            digit = (uint32_t)((c | 0x20) - 'a') + 10;
        } else {
            return false;
        }
        *value = *value << 4 | digit;
    }
    return true;
}

static bool name_is(const unsigned char *at, size_t length, const char *name)
{
    size_t i = 0;

    while (i < length && name[i] != 0 && at[i] == (unsigned char)name[i]) {
        i++;
    }
    return i < length && name[i] == 0 && at[i] == 0;
}

static bool magic_is_right(const unsigned char *at)
{
    static const char magic[] = "070701";

    for (size_t i = 0; i + 1 < sizeof(magic); i++) {
        if (at[i] != (unsigned char)magic[i]) {
            return false;
        }
    }
    return true;
}

err_t archive_find(const void *archive, size_t archive_bytes, const char *name, const void **data,
                   size_t *data_bytes)
{
    const unsigned char *start = archive;
    uint64_t at = 0;

    for (;;) {
        uint32_t size;
        uint32_t name_length;

        if (archive_bytes < HEADER_BYTES || at > archive_bytes - HEADER_BYTES ||
            !magic_is_right(start + at) || !field_read(start + at + FIELD_SIZE, &size) ||
            !field_read(start + at + FIELD_NAME, &name_length)) {
            return ERR_RANGE;
        }
        uint64_t name_at = at + HEADER_BYTES;
        uint64_t data_at = (name_at + name_length + 3) & ~3ull;

        if (data_at > archive_bytes || size > archive_bytes - data_at) {
            return ERR_RANGE;
        }
        if (name_is(start + name_at, name_length, "TRAILER!!!")) {
            return ERR_GONE;
        }
        if (name_is(start + name_at, name_length, name)) {
            *data = start + data_at;
            *data_bytes = size;
            return ERR_OK;
        }
        at = (data_at + size + 3) & ~3ull;
    }
}
