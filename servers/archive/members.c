/* SPDX-License-Identifier: MIT */
#include "members.h"

#include <stdbool.h>

#include "fileserve/place.h"
#include "pith/string.h"

struct archive_member members[MEMBERS_MAX];
uint32_t member_count;

static bool is_name(const struct archive_member *member)
{
    const char *name = member->name;
    uint32_t length = member->name_length;

    for (uint32_t i = 0; i < length; i++) {
        if (name[i] == '/') {
            return false;
        }
    }
    return length != 0 && length <= PLACE_NAME_MAX && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0;
}

err_t members_read(const void *archive, uint64_t bytes, uint32_t *left_out)
{
    uint64_t at = 0;

    *left_out = 0;
    for (;;) {
        struct archive_member member;
        uint32_t other;
        err_t err = archive_next(archive, bytes, &at, &member);

        if (err) {
            return err == ERR_GONE ? ERR_OK : err;
        }
        if (!is_name(&member) || member_count == MEMBERS_MAX ||
            member_find(member.name, member.name_length, &other) == ERR_OK) {
            ++*left_out;
        } else {
            members[member_count++] = member;
        }
    }
}

err_t member_find(const char *name, uint32_t length, uint32_t *number)
{
    for (uint32_t i = 0; i < member_count; i++) {
        if (members[i].name_length == length && memcmp(members[i].name, name, length) == 0) {
            *number = i;
            return ERR_OK;
        }
    }
    return ERR_NO_ENTRY;
}
