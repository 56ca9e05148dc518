/* SPDX-License-Identifier: MIT */
/* Damage in one place: it is found, named, and nothing else suffers. And how much a call looks at. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ext4/crc.h"
#include "ext4/names.h"
#include "ext4_test/image.h"
#include "ext4_test/tree.h"
#include "format.h"
#include "format_file.h"
#include "host_test/test.h"
#include "internal.h"

enum { ENTRIES = 3000 };

static struct ext4_walk walk;

/* One image for all tests, each of which loads it anew: blocks of 1 KiB, so that trees are deep. */
static bool image_get(struct image *image)
{
    static bool is_made;
    const char *why = "";

    is_made =
        is_made || (tree_make("tree", ENTRIES) &&
                    folder_run("truncate -s 16M image && mkfs.ext4 -q -F -b 1024 -d tree image && "
                               "{ e2fsck -fyD image || [ $? = 1 ]; } && debugfs -w -R "
                               "'sif special/old mtime 20400102030405' image && "
                               "debugfs -w -R 'sif special/old mtime_extra 0x1f1' image"));
    return CHECK(is_made, "the image is made") &&
           CHECK(image_load(image, folder_path("image")), "the image is read") &&
           CHECK_EQ(image_mount(image, 0, &why), ERR_OK, "it is mounted");
}

static err_t find(struct image *image, const char *path)
{
    CHECK_EQ(ext4_walk_start(&walk, EXT4_ROOT_INODE, path, strlen(path)), ERR_OK, path);
    return ext4_walk_finish(&image->fs, &walk, false);
}

/* The place of a block of a file in the image. */
static uint64_t place_of(struct image *image, const char *path, uint64_t block)
{
    struct ext4_run run = { 0 };

    CHECK_EQ(find(image, path), ERR_OK, path);
    CHECK_EQ(ext4_map(&image->fs, &walk.file, block, &run), ERR_OK, path);
    CHECK_EQ(run.kind, EXT4_RUN_DATA, path);
    return run.disk * image->super.block_bytes;
}

/* The place of an inode. */
static uint64_t inode_place(struct image *image, const char *path)
{
    uint64_t table = 0;
    uint32_t number;

    CHECK_EQ(find(image, path), ERR_OK, path);
    number = walk.file.inode.number - 1;
    CHECK_EQ(ext4_inode_table(&image->fs, number / image->super.inodes_per_group, &table), ERR_OK,
             path);
    return table * image->super.block_bytes +
           (uint64_t)(number % image->super.inodes_per_group) * image->super.inode_bytes;
}

/* Change a bit and mount again. */
static void flip(struct image *image, uint64_t place)
{
    const char *why = "";

    image->bytes[place] ^= 1;
    CHECK_EQ(image_mount(image, 0, &why), ERR_OK, why);
}

static void damage_check(struct image *image, const char *reason)
{
    uint64_t where;

    CHECK(atomic_load(&image->fs.damage.count) > 0, "damage is counted");
    CHECK(strstr(ext4_damage_last(&image->fs.damage, &where), reason) != NULL, reason);
    CHECK_EQ(image->held, 0, "every block was given back");
}

static err_t whole_read(struct image *image)
{
    static uint8_t bytes[5 << 20];
    size_t done = 0;

    return ext4_read(&image->fs, &walk.file, 0, (struct ext4_memory){ bytes, sizeof(bytes) },
                     &done);
}

static bool visit_all(void *context, const struct ext4_entry *entry)
{
    unsigned *count = context;

    (*count)++;
    return entry->name_length > 0;
}

/* Entries shown in all, going on past damage; @damaged: how often there was some. */
static unsigned count_all(struct image *image, unsigned *damaged)
{
    uint64_t position = 0;
    unsigned count = 0;

    *damaged = 0;
    while (position < walk.file.inode.size_bytes) {
        *damaged += ext4_dir_read(&image->fs, &walk.file, &position, visit_all, &count) != ERR_OK;
    }
    return count;
}

TEST(a_damaged_inode_is_lost_alone)
{
    struct image image;

    if (!image_get(&image)) {
        return;
    }
    flip(&image, inode_place(&image, "files/4097-bytes") + 4);
    CHECK_EQ(find(&image, "files/4097-bytes"), ERR_DAMAGED, "the damaged one");
    damage_check(&image, "checksum of an inode");
    CHECK_EQ(find(&image, "files/4095-bytes"), ERR_OK, "its neighbour");
    CHECK_EQ(whole_read(&image), ERR_OK, "its neighbour");
    image_free(&image);
}

TEST(a_damaged_block_of_extents_loses_one_file)
{
    struct image image;
    uint64_t place;

    if (!image_get(&image)) {
        return;
    }
    place = inode_place(&image, "files/fragments") + offsetof(struct inode_disk, map);
    CHECK(((struct extent_header *)(image.bytes + place))->depth >= 2,
          "its extents are a deep tree");
    place = (uint64_t)((struct extent_index *)(image.bytes + place + 12))->child_low * 1024;
    flip(&image, place + 30);
    CHECK_EQ(find(&image, "files/fragments"), ERR_OK, "it opens");
    CHECK_EQ(whole_read(&image), ERR_DAMAGED, "it is not read");
    damage_check(&image, "checksum of a block of extents");
    CHECK_EQ(find(&image, "files/300000-bytes"), ERR_OK, "another opens");
    CHECK_EQ(whole_read(&image), ERR_OK, "another is read");
    image_free(&image);
}

TEST(a_damaged_index_leaves_a_directory_readable)
{
    struct image image;
    struct ext4_entry entry;
    unsigned damaged;
    uint64_t place;
    char name[256];

    if (!image_get(&image)) {
        return;
    }
    place = place_of(&image, "long-crowd", 0);
    CHECK(image.bytes[place + 24 + 6] >= 1, "its index has more than one level");
    flip(&image, place + 40);
    CHECK_EQ(find(&image, "long-crowd"), ERR_OK, "it opens");
    CHECK_EQ(count_all(&image, &damaged), ENTRIES / 4, "without the first block");
    CHECK_EQ(damaged, 1, "the first block");
    damage_check(&image, "checksum of a block of a directory");
    image.bytes[place + 40] ^= 1;
    /* Damage deeper in the index: then the names are looked for one by one. */
    place = place_of(&image, "long-crowd", image.bytes[place + 36]);
    flip(&image, place + 12);
    CHECK_EQ(find(&image, "crowd/entry-7919"), ERR_OK, "a name elsewhere");
    CHECK_EQ(atomic_load(&image.fs.damage.count), 0, "elsewhere is no damage");
    for (unsigned i = 0; i < ENTRIES / 4; i += 50) {
        memset(name, 'a' + (char)(i % 26), 200);
        snprintf(name + 200, sizeof(name) - 200, "-%u", i);
        CHECK_EQ(find(&image, "long-crowd"), ERR_OK, "it opens");
        CHECK_EQ(ext4_lookup(&image.fs, &walk.file, name, strlen(name), &entry), ERR_OK, name);
    }
    damage_check(&image, "checksum of a block of a directory");
    image_free(&image);
}

TEST(a_wrong_index_falls_back_to_looking_at_every_entry)
{
    struct image image;
    struct super_disk *super;
    uint64_t place;
    char name[300];

    if (!image_get(&image)) {
        return;
    }
    /* Without checksums, an index that says what cannot be. */
    super = (void *)(image.bytes + EXT4_SUPER_OFFSET);
    place = place_of(&image, "crowd", 0);
    image.bytes[place + 24 + 4] = 77;
    image.fs.super.has_checksums = false;
    for (unsigned i = 0; i < 20; i++) {
        snprintf(name, sizeof(name), "crowd/entry-%u", i * 100 * 7919);
        CHECK_EQ(find(&image, name), ERR_OK, name);
    }
    damage_check(&image, "index of a directory");
    CHECK_EQ(find(&image, "crowd/entry-1"), ERR_NO_ENTRY, "what is not there");
    CHECK(super->magic == SUPER_MAGIC, "the superblock");
    image_free(&image);
}

TEST(a_damaged_block_of_a_directory_hides_only_its_names)
{
    struct image image;
    unsigned damaged;
    unsigned count;

    if (!image_get(&image)) {
        return;
    }
    flip(&image, place_of(&image, "crowd", 7) + 20);
    CHECK_EQ(find(&image, "crowd"), ERR_OK, "it opens");
    count = count_all(&image, &damaged);
    CHECK_EQ(damaged, 1, "one block");
    CHECK(count > ENTRIES - 70 && count < ENTRIES, "all but those of one block");
    damage_check(&image, "checksum of a block of a directory");
    image_free(&image);
}

TEST(damaged_groups_and_superblocks_are_found)
{
    struct image image;
    const char *why = "";

    if (!image_get(&image)) {
        return;
    }
    image.bytes[EXT4_SUPER_OFFSET + 0x78] ^= 1;
    CHECK_EQ(image_mount(&image, 0, &why), ERR_DAMAGED, "the superblock");
    CHECK(strstr(why, "checksum of its superblock") != NULL, why);
    image.bytes[EXT4_SUPER_OFFSET + 0x78] ^= 1;
    image.bytes[2048 + 12] ^= 1;
    CHECK_EQ(image_mount(&image, 0, &why), ERR_DAMAGED, "the group of the root");
    damage_check(&image, "group descriptor");
    image.bytes[2048 + 12] ^= 1;
    image.size -= 4096;
    CHECK_EQ(image_mount(&image, 0, &why), ERR_DAMAGED, "a device that is too small");
    CHECK(strstr(why, "larger than its device") != NULL, why);
    image.size += 4096;
    image_free(&image);
}

TEST(an_error_of_the_disk_comes_through)
{
    struct image image;

    if (!image_get(&image)) {
        return;
    }
    image.failing = (uint32_t)(place_of(&image, "files/4097-bytes", 2) / 1024);
    CHECK_EQ(find(&image, "files/4097-bytes"), ERR_OK, "it opens");
    CHECK_EQ(whole_read(&image), ERR_IO, "it cannot be read");
    CHECK_EQ(atomic_load(&image.fs.damage.count), 0, "that is no damage");
    CHECK_EQ(image.held, 0, "every block was given back");
    image_free(&image);
}

TEST(symbolic_links_are_followed_and_bounded)
{
    static const struct {
        const char *path;
        err_t want;
        uint32_t size;
    } cases[] = {
        { "links/relative", ERR_OK, 4096 },
        { "links/absolute", ERR_OK, 4096 },
        { "/links/long", ERR_OK, 4096 },
        { "links/through-2", ERR_OK, 1 },
        { "links/to-dir/1024-bytes", ERR_OK, 1024 },
        { "links/../links/./to-dir/../links/relative", ERR_OK, 4096 },
        { "deep/deep/deep/../deep/./../..//../files/59-bytes", ERR_OK, 59 },
        { "../../files/59-bytes", ERR_OK, 59 },
        { "links/loop-a", ERR_TOO_DEEP, 0 },
        { "links/dangling", ERR_NO_ENTRY, 0 },
        { "links/slash-file", ERR_WRONG_TYPE, 0 },
        { "files/1-bytes/", ERR_WRONG_TYPE, 0 },
        { "files/1-bytes/x", ERR_WRONG_TYPE, 0 },
        { "links/dangling/x", ERR_NO_ENTRY, 0 },
    };
    struct image image;

    if (!image_get(&image)) {
        return;
    }
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *path = cases[i].path;

        CHECK_EQ(ext4_walk_start(&walk, EXT4_ROOT_INODE, path, strlen(path)), ERR_OK, path);
        CHECK_EQ(ext4_walk_finish(&image.fs, &walk, true), cases[i].want, path);
        if (cases[i].want == ERR_OK) {
            CHECK_EQ(walk.file.inode.size_bytes, cases[i].size, path);
        }
    }
    CHECK_EQ(find(&image, "links/loop-a"), ERR_OK, "the link itself");
    CHECK_EQ(walk.file.inode.mode & MODE_TYPE, MODE_SYMLINK, "the link itself");
    CHECK_EQ(find(&image, "empty/missing"), ERR_NO_ENTRY, "a missing file");
    CHECK(walk.is_last, "only its last part is missing");
    CHECK_EQ(find(&image, "missing/empty"), ERR_NO_ENTRY, "a missing directory");
    CHECK(!walk.is_last, "more would have followed");
    CHECK_EQ(atomic_load(&image.fs.damage.count), 0, "nothing of it is damage");
    image_free(&image);
}

TEST(times_past_2038_and_their_nanoseconds_are_read)
{
    struct image image;

    if (image_get(&image)) {
        CHECK_EQ(find(&image, "special/old"), ERR_OK, "it opens");
        /* debugfs writes the low half; 0x1f1 is one more round of 2^32 seconds, and 124 ns. */
        CHECK_EQ(walk.file.inode.modified.nanoseconds, 124, "nanoseconds");
        CHECK_EQ((uint64_t)walk.file.inode.modified.seconds, 2209086245u, "2040-01-02 03:04:05");
    }
    image_free(&image);
}

TEST(a_name_in_a_large_directory_is_found_in_a_few_blocks)
{
    struct image image;
    struct ext4_file dir;
    struct ext4_entry entry;
    uint64_t before;

    if (!image_get(&image)) {
        return;
    }
    CHECK_EQ(find(&image, "crowd"), ERR_OK, "it opens");
    dir = walk.file;
    for (unsigned i = 0; i < ENTRIES; i += 97) {
        char name[40];

        snprintf(name, sizeof(name), "entry-%u", i * 7919);
        before = image.gets;
        CHECK_EQ(ext4_lookup(&image.fs, &dir, name, strlen(name), &entry), ERR_OK, name);
        CHECK(image.gets - before <= 5, "root, index, entries, and their extents");
    }
    image_free(&image);
}

TEST(checksums_are_those_of_the_standards)
{
    uint8_t bytes[300];

    CHECK_EQ(ext4_crc32c(UINT32_MAX, "123456789", 9), 0x1cf96d7c, "CRC-32C, not inverted");
    CHECK_EQ(ext4_crc16(0xffff, "123456789", 9), 0x4b37, "CRC-16/MODBUS");
    CHECK_EQ(ext4_crc32(UINT32_MAX, "123456789", 9), 0x0376e6e7, "CRC-32/MPEG-2");
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)test_random(256);
    }
    for (size_t length = 0; length < 200; length++) {
        uint32_t crc = 0x12345678;

        for (size_t i = 0; i < length; i++) {
            crc = ext4_crc32c(crc, bytes + 7 + i, 1);
        }
        CHECK_EQ(ext4_crc32c(0x12345678, bytes + 7, length), crc, "by eights as one by one");
    }
}
