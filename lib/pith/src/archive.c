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

/* The length of a text that ends within @room bytes; @room: it does not. */
static uint32_t text_length(const unsigned char *text, uint32_t room)
{
    uint32_t length = 0;

    while (length < room && text[length] != 0) {
        length++;
    }
    return length;
}

static bool name_is(const struct archive_member *member, const char *name)
{
    uint32_t i = 0;

    while (i < member->name_length && name[i] == member->name[i]) {
        i++; /* a member's name holds no 0: no further than @name */
    }
    return i == member->name_length && name[i] == 0;
}

err_t archive_next(const void *archive, size_t archive_bytes, uint64_t *at,
                   struct archive_member *member)
{
    const unsigned char *start = archive;
    uint32_t name_room;

    if (archive_bytes < HEADER_BYTES || *at > archive_bytes - HEADER_BYTES ||
        !magic_is_right(start + *at) || !field_read(start + *at + FIELD_SIZE, &member->bytes) ||
        !field_read(start + *at + FIELD_NAME, &name_room)) {
        return ERR_RANGE;
    }
    uint64_t name_at = *at + HEADER_BYTES;
    uint64_t data_at = (name_at + name_room + 3) & ~3ull;

    if (data_at > archive_bytes || member->bytes > archive_bytes - data_at) {
        return ERR_RANGE;
    }
    member->name = (const char *)start + name_at;
    member->name_length = text_length(start + name_at, name_room);
    member->data = start + data_at;
    if (member->name_length == name_room) {
        return ERR_RANGE;
    }
    *at = (data_at + member->bytes + 3) & ~3ull;
    return name_is(member, "TRAILER!!!") ? ERR_GONE : ERR_OK;
}

err_t archive_find(const void *archive, size_t archive_bytes, const char *name, const void **data,
                   size_t *data_bytes)
{
    struct archive_member member;
    uint64_t at = 0;

    for (;;) {
        err_t err = archive_next(archive, archive_bytes, &at, &member);

        if (err) {
            return err;
        }
        if (name_is(&member, name)) {
            *data = member.data;
            *data_bytes = member.bytes;
            return ERR_OK;
        }
    }
}
