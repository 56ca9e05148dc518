/* SPDX-License-Identifier: MIT */
/* The compiled description, as it should be and damaged: nothing outside the archive is read, nothing wrong believed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host_test/test.h"
#include "system/description.h"

enum { ROUNDS = 100000, PROGRAMS = 2, VIEWS = 3, ARCHIVE_MAX = 4096 };

/* What tools/system.py makes. */
struct compiled {
    struct description_header header;
    struct description_program programs[PROGRAMS];
    struct description_interface interface;
    struct description_view views[VIEWS];
};

static struct compiled compiled_make(void)
{
    struct compiled made = {
        .header = { .magic = DESCRIPTION_MAGIC,
                    .version = DESCRIPTION_VERSION,
                    .program_count = PROGRAMS,
                    .interface_count = 1,
                    .bytes = sizeof(made),
                    .view_count = VIEWS },
        .programs = { { .name = "one", .binary = "a" }, { .name = "two", .binary = "b" } },
        .interface = { .name = "file", .server = 1 },
        .views = { { .server = "file", .path = "/", .base = "/" },
                   { .server = "file", .path = "/x", .base = "/y", .flags = 1 },
                   { .program = 1, .server = "tmp", .path = "/", .base = "/z" } },
    };

    return made;
}

static size_t member_put(char *at, const char *name, const void *data, size_t bytes)
{
    size_t header = (size_t)sprintf(at,
                                    "070701"
                                    "%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
                                    1, 0, 0, 0, 1, 0, (unsigned)bytes, 0, 0, 0, 0,
                                    (unsigned)strlen(name) + 1, 0);

    memcpy(at + header, name, strlen(name) + 1);
    header = (header + strlen(name) + 1 + 3) & ~(size_t)3;
    memcpy(at + header, data, bytes);
    return (header + bytes + 3) & ~(size_t)3;
}

static size_t archive_make(char *archive, const struct compiled *compiled, size_t bytes)
{
    memset(archive, 0, ARCHIVE_MAX);
    size_t at = member_put(archive, "init", "image", 5);

    at += member_put(archive + at, "system", compiled, bytes);
    return at + member_put(archive + at, "TRAILER!!!", "", 0);
}

TEST(views_are_read_as_they_were_written)
{
    static char archive[ARCHIVE_MAX];
    static struct description_view views[DESCRIPTION_VIEWS];
    struct compiled compiled = compiled_make();
    size_t bytes = archive_make(archive, &compiled, sizeof(compiled));
    uint32_t count = 0;

    CHECK_EQ(description_views(archive, bytes, views, &count), ERR_OK, "it is right");
    CHECK_EQ(count, VIEWS, "all of them");
    CHECK(memcmp(views, compiled.views, sizeof(compiled.views)) == 0, "each as it was");
}

TEST(a_description_that_cannot_be_is_refused)
{
    static char archive[ARCHIVE_MAX];
    static struct description_view views[DESCRIPTION_VIEWS];
    static struct description description;
    const char *why;
    uint32_t count;

    for (int i = 0; i < 6; i++) {
        struct compiled compiled = compiled_make();
        size_t bytes = sizeof(compiled);

        switch (i) {
        case 0:
            compiled.views[1].program = PROGRAMS;
            break;
        case 1:
            memset(compiled.views[2].server, 'x', sizeof(compiled.views[2].server));
            break;
        case 2:
            memset(compiled.views[0].path, 'x', sizeof(compiled.views[0].path));
            break;
        case 3:
            memset(compiled.views[0].base, 'x', sizeof(compiled.views[0].base));
            break;
        case 4:
            compiled.header.view_count = DESCRIPTION_VIEWS + 1;
            break;
        default:
            bytes -= 8;
            break;
        }
        size_t archive_bytes = archive_make(archive, &compiled, bytes);

        CHECK_EQ(description_views(archive, archive_bytes, views, &count), ERR_RANGE, "refused");
        if (i > 3) {
            CHECK_EQ(description_read(archive, archive_bytes, &description, &why), ERR_RANGE,
                     "and by who builds the system, too");
        }
    }
    size_t archive_bytes = member_put(archive, "TRAILER!!!", "", 0);

    CHECK_EQ(description_views(archive, archive_bytes, views, &count), ERR_GONE, "there is none");
}

TEST(damaged_descriptions_are_refused_or_bounded)
{
    static char archive[ARCHIVE_MAX];
    static struct description_view views[DESCRIPTION_VIEWS];
    static struct description description;
    struct compiled compiled = compiled_make();
    size_t bytes = archive_make(archive, &compiled, sizeof(compiled));
    const char *why;

    for (int round = 0; round < ROUNDS; round++) {
        size_t have = test_random(8) == 0 ? 1 + test_random((uint32_t)bytes) : bytes;
        char *damaged = malloc(have); /* so that the sanitizer sees its end */
        uint32_t count = 0;

        memcpy(damaged, archive, have);
        for (uint32_t i = 1 + test_random(4); i > 0; i--) {
            damaged[test_random((uint32_t)have)] = (char)test_random(256);
        }
        if (description_views(damaged, have, views, &count) == ERR_OK) {
            CHECK(count <= DESCRIPTION_VIEWS, "no more than there is room for");
            for (uint32_t i = 0; i < count; i++) {
                CHECK(strlen(views[i].path) < sizeof(views[i].path), "texts end");
            }
        }
        if (description_read(damaged, have, &description, &why) == ERR_OK) {
            CHECK(description.header.program_count <= DESCRIPTION_PROGRAMS, "no more than fit");
        }
        free(damaged);
    }
}
