/* SPDX-License-Identifier: MIT */
/* Which paths belong to which mount, against the same said name by name. */
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "host_test/test.h"

enum { ROUNDS = 100000, DEPTH = 5, NAMES = 3, PATH_ROOM = 32 };

/* A path as names; "a" and "ab" begin alike, which is where a comparison of texts goes wrong. */
struct names {
    uint32_t count;
    uint32_t number[DEPTH];
};

static const char *const names_of[NAMES] = { "a", "ab", "b" };

static struct names names_random(uint32_t deepest)
{
    struct names names = { .count = test_random(deepest + 1) };

    for (uint32_t i = 0; i < names.count; i++) {
        names.number[i] = test_random(NAMES);
    }
    return names;
}

static uint32_t text_of(const struct names *names, char text[PATH_ROOM])
{
    uint32_t length = 0;

    text[0] = 0;
    for (uint32_t i = 0; i < names->count; i++) {
        length += (uint32_t)sprintf(text + length, "/%s", names_of[names->number[i]]);
    }
    return length;
}

static bool is_below(const struct names *outer, const struct names *inner)
{
    return inner->count >= outer->count &&
           memcmp(outer->number, inner->number, outer->count * sizeof(outer->number[0])) == 0;
}

TEST(a_path_belongs_to_the_deepest_mount_above_it)
{
    static struct files files;

    for (int round = 0; round < ROUNDS; round++) {
        struct names mounts[FILES_MOUNTS_MAX];
        struct names path = names_random(DEPTH);
        char text[PATH_ROOM];
        uint32_t length = text_of(&path, text);
        uint32_t below = 0;
        const struct files_mount *best = NULL;

        files.mount_count = test_random(FILES_MOUNTS_MAX + 1);
        for (uint32_t i = 0; i < files.mount_count; i++) {
            mounts[i] = names_random(3);
            files.mounts[i].length = text_of(&mounts[i], files.mounts[i].path);
        }
        for (uint32_t i = 0; i < files.mount_count; i++) {
            if (is_below(&mounts[i], &path) &&
                (best == NULL || mounts[i].count >= mounts[best - files.mounts].count)) {
                best = &files.mounts[i];
            }
            below |= (uint32_t)(is_below(&path, &mounts[i]) && mounts[i].count > path.count) << i;
        }
        CHECK(mount_of(&files, text, length) == best, text);
        CHECK_EQ(mounts_below(&files, text, length), below, text);
    }
}
