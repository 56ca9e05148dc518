/* SPDX-License-Identifier: MIT */
/* Lists of names from a server that is right, and from one that writes anything. */
#include <string.h>

#include "file/file.h"
#include "file/wire.h"
#include "host_test/test.h"
#include "list.h"

enum { NAMES = 200, PARTS_MAX = 100, ROUNDS = 20000 };

/* What the server has: entries one behind the other, given out in parts. */
static unsigned char served[65536];
static uint32_t served_bytes;
static uint32_t served_at;
static bool is_random;
static uint32_t parts;

err_t files_list_part(struct files_list *list)
{
    uint32_t used = 0;

    if (is_random) {
        for (uint32_t i = 0; i < sizeof(list->part); i++) {
            list->part[i] =
                (unsigned char)(test_random(4) == 0 ? test_random(256) : test_random(40));
        }
        list->used = test_random(sizeof(list->part) + 1);
        list->at = 0;
        list->is_last = ++parts == PARTS_MAX;
        return ERR_OK;
    }
    while (served_at + used < served_bytes) {
        struct file_entry entry;

        memcpy(&entry, served + served_at + used, sizeof(entry));
        if (used + entry.bytes > sizeof(list->part)) {
            break;
        }
        used += entry.bytes;
    }
    memcpy(list->part, served + served_at, used);
    served_at += used;
    list->at = 0;
    list->used = used;
    list->is_last = served_at == served_bytes;
    return ERR_OK;
}

static void serve(uint32_t number)
{
    uint32_t length = 1 + number * 7 % FILES_NAME_MAX;
    uint32_t bytes = (uint32_t)sizeof(struct file_entry) + length;
    struct file_entry entry = { .inode = number,
                                .kind = (uint8_t)(number % 5),
                                .name_length = (uint8_t)length };

    bytes = (bytes + FILE_ENTRY_ALIGN - 1) & ~(FILE_ENTRY_ALIGN - 1);
    entry.bytes = (uint16_t)bytes;
    memcpy(served + served_bytes, &entry, sizeof(entry));
    memset(served + served_bytes + sizeof(entry), 'a' + (int)(number % 26), length);
    served_bytes += bytes;
}

TEST(names_come_in_order_through_all_parts)
{
    static struct files_list list;
    struct files_name name;
    struct file dir = { 0 };

    served_bytes = served_at = 0;
    is_random = false;
    for (uint32_t i = 0; i < NAMES; i++) {
        serve(i);
    }
    files_list(&list, &dir);
    for (uint32_t i = 0; i < NAMES; i++) {
        CHECK_EQ(files_next(&list, &name), ERR_OK, "there is one more");
        CHECK_EQ(name.inode, i, "in order");
        CHECK_EQ(name.kind, i % 5, "its kind");
        CHECK_EQ(name.length, 1 + i * 7 % FILES_NAME_MAX, "its length");
        CHECK_EQ(strlen(name.text), name.length, "it ends there");
        CHECK_EQ(name.text[0], 'a' + i % 26, "its text");
    }
    CHECK_EQ(files_next(&list, &name), ERR_NO_ENTRY, "that was all");
}

TEST(an_empty_directory_has_no_names)
{
    static struct files_list list;
    struct files_name name;
    struct file dir = { 0 };

    served_bytes = served_at = 0;
    is_random = false;
    files_list(&list, &dir);
    CHECK_EQ(files_next(&list, &name), ERR_NO_ENTRY, "none");
}

TEST(a_server_that_writes_anything_is_survived)
{
    static struct files_list list;
    struct files_name name;
    struct file dir = { 0 };
    uint32_t good = 0;

    is_random = true;
    for (uint32_t round = 0; round < ROUNDS && !test_has_failed(); round++) {
        err_t err = ERR_OK;

        parts = 0;
        files_list(&list, &dir);
        while (err == ERR_OK) {
            err = files_next(&list, &name);
            good += err == ERR_OK;
            CHECK(err || name.text[name.length] == 0, "a name ends");
        }
        CHECK(err == ERR_IO || err == ERR_NO_ENTRY, "it ends, in one of two ways");
    }
    CHECK(good > 0, "some looked right");
}
