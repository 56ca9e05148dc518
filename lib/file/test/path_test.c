/* SPDX-License-Identifier: MIT */
/*
 * Ways along paths, against a tree with links that is looked at by other means; and texts that are anything. The other
 * means: each name one by one, with the directory one is in as a list of names.
 */
#include <stdio.h>
#include <string.h>

#include "file/walk.h"
#include "host_test/test.h"
#include "path.h"

enum { ROUNDS = 30000, DEPTH = 12, LONG_ROUNDS = 2000 };

/* The tree: /a /a/b /a/b/c, and links. Everything else that has no link in it is a directory, too. */
static const struct {
    const char *path;
    const char *target;
} links[] = {
    { "/up", ".." },
    { "/a/top", "/" },
    { "/a/b/a", "/a" },
    { "/way", "a/b" },
    { "/a/back", "../way/c" },
    { "/loop", "loop" },
    { "/far", "/a/back/../../top/way" },
    { "/a/b/c/dots", "./.././" },
};

static const char *link_at(const char *path, size_t length)
{
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        if (strlen(links[i].path) == length && memcmp(links[i].path, path, length) == 0) {
            return links[i].target;
        }
    }
    return NULL;
}

/* The first link on the way along done: bytes up to its end; 0: there is none. */
static uint32_t link_in(const struct files_walk *walk, uint32_t length)
{
    for (uint32_t at = 1; at <= length; at++) {
        if ((at == length || walk->done[at] == '/') && link_at(walk->done, at) != NULL) {
            return at;
        }
    }
    return 0;
}

/* What lib/file does, with a server that knows the tree. */
static err_t walk_all(struct files_walk *walk, const char *path)
{
    err_t err = path_begin(walk, path);

    while (err == ERR_OK) {
        enum path_step step;

        err = path_advance(walk, &step);
        if (err) {
            break;
        }
        CHECK(walk->checked <= walk->length && walk->length <= sizeof(walk->done), "bounded");
        uint32_t at = link_in(walk, walk->length);

        if (at != 0) {
            const char *target = link_at(walk->done, at);

            err = path_link(walk, at, target, (uint32_t)strlen(target));
        } else if (step == PATH_CHECK) {
            path_checked(walk);
        } else {
            break;
        }
    }
    return err;
}

/* The other means: where is one after each name? @where: without a slash at its end. */
static bool step_by_step(char *where, const char *path, uint32_t depth)
{
    if (depth > DEPTH * 4) {
        return false;
    }
    if (path[0] == '/') {
        where[0] = 0;
    }
    while (*path != 0) {
        size_t length = strcspn(path, "/");

        if (length == 2 && memcmp(path, "..", 2) == 0) {
            char *slash = strrchr(where, '/');

            *(slash != NULL ? slash : where) = 0;
        } else if (length != 0 && !(length == 1 && path[0] == '.')) {
            size_t before = strlen(where);

            (void)snprintf(where + before, FILES_PATH_MAX - before, "/%.*s", (int)length, path);
            const char *target = link_at(where, strlen(where));

            if (target != NULL) {
                where[before] = 0;
                if (!step_by_step(where, target, depth + 1)) {
                    return false;
                }
            }
        }
        path += length;
        path += *path == '/';
    }
    return true;
}

TEST(paths_lead_where_going_step_by_step_leads)
{
    static const char *const names[] = { "a",  "b",    "c",    "up",  "top", "way", "back", ".",
                                         "..", "loop", "dots", "far", "",    "..",  ".." };
    static struct files_walk walk;
    static char where[FILES_PATH_MAX];

    for (int round = 0; round < ROUNDS && !test_has_failed(); round++) {
        char path[128] = "";
        uint32_t count = 1 + test_random(DEPTH);

        for (uint32_t i = 0; i < count; i++) {
            strcat(path, "/");
            strcat(path, names[test_random(sizeof(names) / sizeof(names[0]))]);
        }
        where[0] = 0;
        bool ends = step_by_step(where, path, 0);
        err_t err = walk_all(&walk, path);

        CHECK(err == ERR_OK || err == ERR_TOO_DEEP, path);
        if (err == ERR_OK) {
            CHECK(ends && walk.length == strlen(where) &&
                      memcmp(walk.done, where, walk.length) == 0,
                  path);
        } else {
            CHECK(!ends || strstr(path, "loop") == NULL, path);
        }
    }
}

TEST(paths_that_are_no_paths_are_refused)
{
    static struct files_walk walk;
    static char path[FILES_PATH_MAX + 2];
    enum path_step step;

    CHECK_EQ(path_begin(&walk, ""), ERR_RANGE, "an empty one");
    memset(path, 'x', sizeof(path) - 1);
    CHECK_EQ(path_begin(&walk, path), ERR_RANGE, "one that is too long");
    path[FILES_NAME_MAX + 1] = 0;
    CHECK_EQ(path_begin(&walk, path), ERR_OK, "one with a name that is too long");
    CHECK_EQ(path_advance(&walk, &step), ERR_RANGE, "is refused when the name comes");
    CHECK_EQ(path_begin(&walk, "/link"), ERR_OK, "a path");
    CHECK_EQ(path_advance(&walk, &step), ERR_OK, "to a link");
    CHECK_EQ(path_link(&walk, walk.length, "", 0), ERR_RANGE, "that leads nowhere");
}

/* Links whose targets are anything, in any order with checks: it ends, and stays inside its memory. */
TEST(whatever_links_say_the_way_ends)
{
    static const char letters[] = "ab/.";
    static struct files_walk walk;
    static char text[FILES_PATH_MAX + 1];

    for (int round = 0; round < LONG_ROUNDS && !test_has_failed(); round++) {
        uint32_t length = 1 + test_random(test_random(4) == 0 ? FILES_PATH_MAX : 20);
        uint32_t steps = 0;
        err_t err;

        for (uint32_t i = 0; i < length; i++) {
            text[i] = letters[test_random(4)];
        }
        text[length] = 0;
        err = path_begin(&walk, text);
        while (err == ERR_OK && ++steps < 100000) {
            enum path_step step;

            err = path_advance(&walk, &step);
            if (err == ERR_OK && walk.length > walk.checked && test_random(3) == 0) {
                uint32_t at = walk.length;

                while (at > walk.checked + 1 && (walk.done[at - 1] == '/' || test_random(3) != 0)) {
                    at--;
                }
                while (at < walk.length && walk.done[at] != '/') {
                    at++;
                }
                err = path_link(&walk, at, text, 1 + test_random(length));
            } else if (err == ERR_OK && step == PATH_CHECK) {
                path_checked(&walk);
            } else if (err == ERR_OK) {
                break;
            }
        }
        CHECK(steps < 100000, "it ends");
        CHECK(err == ERR_OK || err == ERR_RANGE || err == ERR_TOO_DEEP, "in one of these ways");
    }
}
