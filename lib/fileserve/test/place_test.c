/* SPDX-License-Identifier: MIT */
/* Paths below roots: names as they should be, and texts that are anything. */
#include <stdio.h>
#include <string.h>

#include "fileserve/place.h"
#include "host_test/test.h"

enum { ROUNDS = 200000 };

static struct root root_of(const char *base)
{
    struct root root = { 0 };
    char text[PLACE_BASE_MAX + 1] = { 0 };

    (void)snprintf(text, sizeof(text), "%s", base);
    CHECK_EQ(root_set(&root, text, false), ERR_OK, base);
    return root;
}

/* The names of a place, with '|' between. */
static const char *names_of(struct place *place)
{
    static char text[sizeof(place->text) * 2];
    struct place_name name;
    size_t length = 0;

    while (place_next(place, &name)) {
        memcpy(text + length, name.start, name.length);
        length += name.length;
        text[length++] = '|';
    }
    text[length] = 0;
    return text;
}

TEST(names_come_one_by_one_after_those_of_the_root)
{
    static const struct {
        const char *base;
        const char *path;
        const char *names;
        err_t want;
    } cases[] = {
        { "", "/", "", ERR_OK },
        { "", "/a/b", "a|b|", ERR_OK },
        { "", "//a/./b//", "a|b|", ERR_OK },
        { "/base/dir", "a", "base|dir|a|", ERR_OK },
        { "base", "/", "base|", ERR_OK },
        { "", "...", "...|", ERR_OK },
        { "", "/..", "", ERR_RANGE },
        { "base", "a/../b", "", ERR_RANGE },
        { "base", "..", "", ERR_RANGE },
        { "base", "a/..", "", ERR_RANGE },
    };
    static struct place place;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct root root = root_of(cases[i].base);
        err_t got = place_set(&place, &root, cases[i].path, (uint32_t)strlen(cases[i].path));

        CHECK_EQ(got, cases[i].want, cases[i].path);
        if (got == ERR_OK) {
            CHECK(strcmp(names_of(&place), cases[i].names) == 0, cases[i].path);
        }
    }
}

TEST(a_root_must_be_given_and_be_possible)
{
    static struct place place;
    struct root root = { 0 };
    char text[PLACE_BASE_MAX + 1];

    CHECK_EQ(place_set(&place, &root, "a", 1), ERR_NO_RIGHT, "it was not given");
    memset(text, 'x', sizeof(text));
    CHECK_EQ(root_set(&root, text, false), ERR_RANGE, "a text that does not end");
    memcpy(text, "a/../b", 7);
    CHECK_EQ(root_set(&root, text, false), ERR_RANGE, "a root is not above itself");
    CHECK(!root.is_given, "what was refused is not given");
}

TEST(walked_is_told_in_bytes_of_the_clients_path)
{
    static struct place place;
    struct root root = root_of("base");
    struct place_name name;
    uint32_t walked = 0;

    CHECK_EQ(place_set(&place, &root, "/link/rest/", 11), ERR_OK, "a path");
    CHECK(place_next(&place, &name), "the root's name");
    CHECK_EQ(place_walked(&place, &walked), ERR_NO_ENTRY, "a root that is a link is none");
    CHECK(place_next(&place, &name) && place_walked(&place, &walked) == ERR_OK, "the link");
    CHECK_EQ(walked, 5, "/link");
    CHECK(place_next(&place, &name) && place_walked(&place, &walked) == ERR_OK, "the rest");
    CHECK_EQ(walked, 11, "all of it, with the slash at its end");
}

TEST(whatever_the_text_no_name_leads_upwards_or_outside)
{
    static const char letters[] = "a./\0x.";
    static struct place place;
    static char path[PLACE_PATH_MAX];
    struct root root = root_of("top/base");

    for (int round = 0; round < ROUNDS && !test_has_failed(); round++) {
        uint32_t length = 1 + test_random(test_random(50) == 0 ? PLACE_PATH_MAX : 12);
        struct place_name name;
        uint32_t count = 0;

        for (uint32_t i = 0; i < length; i++) {
            path[i] = letters[test_random(sizeof(letters) - 1)];
        }
        if (place_set(&place, &root, path, length)) {
            continue;
        }
        while (place_next(&place, &name)) {
            static const char *const first[] = { "top", "base" };

            CHECK(name.start >= place.text && name.start + name.length <= place.text + place.length,
                  "inside the text");
            CHECK(name.length > 0 && name.length <= PLACE_NAME_MAX, "its length");
            CHECK(memchr(name.start, 0, name.length) == NULL, "no 0");
            CHECK(name.length != 2 || memcmp(name.start, "..", 2) != 0, "never upwards");
            CHECK(count >= 2 || strncmp(name.start, first[count], strlen(first[count])) == 0,
                  "below the root");
            count++;
        }
        CHECK(count >= 2, "not above the root");
    }
}
