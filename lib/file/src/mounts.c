/* SPDX-License-Identifier: MIT */
/* Which paths belong to which mount. */
#include "client.h"
#include "pith/string.h"

/* @inner is @outer, or below it. */
static bool is_within(const char *outer, uint32_t outer_length, const char *inner,
                      uint32_t inner_length)
{
    return inner_length >= outer_length && memcmp(outer, inner, outer_length) == 0 &&
           (inner_length == outer_length || inner[outer_length] == '/');
}

const struct files_mount *mount_of(const struct files *files, const char *path, uint32_t length)
{
    const struct files_mount *best = NULL;

    for (uint32_t i = 0; i < files->mount_count; i++) {
        const struct files_mount *mount = &files->mounts[i];

        if (is_within(mount->path, mount->length, path, length) &&
            (best == NULL || mount->length >= best->length)) {
            best = mount;
        }
    }
    return best;
}

uint32_t mounts_below(const struct files *files, const char *path, uint32_t length)
{
    uint32_t found = 0;

    for (uint32_t i = 0; i < files->mount_count; i++) {
        const struct files_mount *mount = &files->mounts[i];

        if (mount->length > length && is_within(path, length, mount->path, mount->length)) {
            found |= 1u << i;
        }
    }
    return found;
}
