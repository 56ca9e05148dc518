/* SPDX-License-Identifier: MIT */
/*
 * Journals that were not replayed, written by debugfs: what the library sees through the map must be what
 * e2fsck makes of a copy, in every block.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ext4/crc.h"
#include "ext4/names.h"
#include "ext4_test/image.h"
#include "ext4_test/tree.h"
#include "format_journal.h"
#include "host_test/test.h"
#include "internal.h"

enum { JOURNAL_INODE = 8, MAP_BYTES = 1 << 20, BLOCKS_MAX = 20000, ENTRIES = 60 };

/* Where the blocks of the journal are: the same in all copies of an image. */
static struct {
    uint64_t blocks[BLOCKS_MAX];
    uint32_t count;
} journal;

static bool file_save(const char *name, const void *bytes, size_t size)
{
    FILE *file = fopen(folder_path(name), "wb");
    bool done = file != NULL && fwrite(bytes, 1, size, file) == size;

    done = file != NULL && fclose(file) == 0 && done;
    return CHECK(done, "a file is written");
}

static bool journal_find(struct image *image)
{
    struct ext4_file file;
    struct ext4_run run;
    const char *why = "";

    if (!CHECK_EQ(image_mount(image, MAP_BYTES, &why), ERR_OK, "without recovery") ||
        !CHECK_EQ(ext4_open(&image->fs, JOURNAL_INODE, &file), ERR_OK, "the journal opens")) {
        return false;
    }
    journal.count = (uint32_t)(file.inode.size_bytes / image->super.block_bytes);
    for (uint32_t i = 0; i < journal.count && i < BLOCKS_MAX; i++) {
        CHECK_EQ(ext4_map(&image->fs, &file, i, &run), ERR_OK, "the journal is mapped");
        journal.blocks[i] = run.disk;
    }
    return CHECK(journal.count > 0 && journal.count < BLOCKS_MAX, "the journal's size");
}

static bool is_in_journal(uint64_t block)
{
    for (uint32_t i = 0; i < journal.count; i++) {
        if (journal.blocks[i] == block) {
            return true;
        }
    }
    return false;
}

static bool is_super(const struct image *image, uint64_t block)
{
    return block == EXT4_SUPER_OFFSET / image->super.block_bytes;
}

/* Write the command that journals all blocks in which two images differ, and their contents. */
static void difference_add(FILE *commands, struct image *old, const struct image *new,
                           const char *name)
{
    size_t bytes = old->super.block_bytes;
    uint8_t *data = malloc(old->size);
    size_t used = 0;

    for (uint64_t i = 0; i < old->super.block_count; i++) {
        const uint8_t *at = new->bytes + i *bytes;

        if (is_super(old, i) || memcmp(old->bytes + i * bytes, at, bytes) == 0) {
            continue;
        }
        fprintf(commands, "%s%llu", used == 0 ? "jw -b " : ",", (unsigned long long)i);
        memcpy(data + used, at, bytes);
        used += bytes;
    }
    fprintf(commands, " %s\n", name);
    CHECK(used > 0, "the images differ");
    file_save(name, data, used);
    free(data);
}

/* Check that every block seen through the journal is that of the replayed copy. */
static void blocks_compare(struct image *image, const struct image *replayed)
{
    size_t bytes = image->super.block_bytes;

    for (uint64_t i = 0; i < image->super.block_count && !test_has_failed(); i++) {
        struct ext4_block block;

        if (is_super(image, i) || is_in_journal(i)) {
            continue;
        }
        if (CHECK_EQ(ext4_block_get(&image->fs, i, &block), ERR_OK, "a block is read")) {
            if (memcmp(block.data, replayed->bytes + i * bytes, bytes) != 0) {
                CHECK_EQ(i, UINT64_MAX, "a block is not as e2fsck left it");
            }
            ext4_block_put(&image->fs, &block);
        }
    }
}

static bool load(struct image *image, const char *name)
{
    return CHECK(image_load(image, folder_path(name)), name);
}

/* The images base, once, twice: a tree, and what two rounds of changes make of it. */
static bool images_make(const char *options)
{
    static const uint8_t escaped[5000] =
        EXT4_ESCAPED_BYTES "is what a block of a journal begins with";
    static bool has_tree;

    has_tree = has_tree || tree_make("tree", ENTRIES);
    return CHECK(has_tree, "the tree is made") && file_save("escaped", escaped, sizeof(escaped)) &&
           CHECK(folder_run(
                     "rm -f base once twice; truncate -s 12M base && mkfs.ext4 -q -F -d tree %s "
                     "base && cp base once && debugfs -w -R 'write escaped first' once && "
                     "debugfs -w -R 'rm files/1025-bytes' once && "
                     "debugfs -w -R 'symlink new-link first' once && cp once twice && "
                     "debugfs -w -R 'mkdir empty/new' twice && "
                     "debugfs -w -R 'write escaped empty/new/second' twice && "
                     "debugfs -w -R 'rm first' twice && "
                     "debugfs -w -R 'write tree/files/65536-bytes third' twice",
                     options),
                 options);
}

/* Make `journaled`: base, with both rounds in the journal, and then what @more tells debugfs. */
static bool journal_make(const char *options, const char *open, const char *more)
{
    struct image base;
    struct image once;
    struct image twice;
    FILE *commands;

    if (!images_make(options) || !load(&base, "base") || !load(&once, "once") ||
        !load(&twice, "twice") || !journal_find(&base)) {
        return false;
    }
    commands = fopen(folder_path("commands"), "w");
    fprintf(commands, "%s\n", open);
    difference_add(commands, &base, &once, "data1");
    once.super = base.super;
    difference_add(commands, &once, &twice, "data2");
    fprintf(commands, "%sjc\n", more);
    CHECK(fclose(commands) == 0, "the commands are written");
    image_free(&base);
    image_free(&once);
    image_free(&twice);
    return CHECK(folder_run("cp base journaled && debugfs -w -f commands journaled"), open);
}

static bool replay(const char *status)
{
    return CHECK(folder_run("cp journaled replayed && { e2fsck -y -E journal_only replayed; "
                            "[ $? -le %s ]; }",
                            status),
                 "e2fsck replays");
}

static void path_check(struct image *image, const char *path, err_t want)
{
    static struct ext4_walk walk;

    CHECK_EQ(ext4_walk_start(&walk, EXT4_ROOT_INODE, path, strlen(path)), ERR_OK, path);
    CHECK_EQ(ext4_walk_finish(&image->fs, &walk, true), want, path);
}

static unsigned escaped_count(const struct ext4_journal *map)
{
    unsigned count = 0;

    for (uint32_t i = 0; i < map->slot_count; i++) {
        count += map->slots[i].copy != 0 && map->slots[i].is_escaped;
    }
    return count;
}

/* Mount `journaled` and compare it with what e2fsck makes of it. */
static void journaled_check(uint32_t transactions)
{
    struct image image;
    struct image replayed;
    const char *why = "";

    if (!replay("1") || !load(&image, "journaled") || !load(&replayed, "replayed")) {
        return;
    }
    if (CHECK_EQ(image_mount(&image, MAP_BYTES, &why), ERR_OK, why)) {
        CHECK(image.super.needs_recovery, "it needs recovery");
        CHECK_EQ(image.fs.journal.end - image.fs.journal.first, transactions, "transactions");
        CHECK(image.fs.journal.copies > 0, "blocks come from the journal");
        CHECK(escaped_count(&image.fs.journal) > 0, "some of them escaped");
        blocks_compare(&image, &replayed);
        path_check(&image, "empty/new/second", ERR_OK);
        path_check(&image, "first", ERR_NO_ENTRY);
        path_check(&image, "files/1025-bytes", ERR_NO_ENTRY);
    }
    CHECK_EQ(image.held, 0, "every block was given back");
    image_free(&image);
    image_free(&replayed);
}

static const struct {
    const char *options;
    const char *open;
} kinds[] = {
    { "-b 1024 -J size=1", "jo -c -v 3" },
    { "-b 1024 -J size=1", "jo -c -v 2" },
    { "-b 4096 -J size=4", "jo" },
    { "-b 1024 -J size=1 -O ^metadata_csum", "jo" },
    { "-b 1024 -J size=1 -O ^metadata_csum,^64bit", "jo" },
    { "-t ext3 -b 1024 -J size=1", "jo" },
};

TEST(a_journal_is_seen_as_if_it_were_replayed)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !test_has_failed(); i++) {
        if (journal_make(kinds[i].options, kinds[i].open, "")) {
            journaled_check(2);
        }
    }
}

TEST(revoked_and_uncommitted_blocks_do_not_count)
{
    /* 9001 is revoked for good; 9002 is written once more; 9003 is not committed. */
    const char *more = "jw -b 9001-9002 data1\njw -r 9001-9002\njw -b 9002,9004 data2\n"
                       "jw -r 9005\njw -b 9003,9004,9005 -c data1\n";

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !test_has_failed(); i++) {
        if (i != 2 && journal_make(kinds[i].options, kinds[i].open, more)) {
            journaled_check(6);
        }
    }
}

/* The journal's superblock, in the image; sums are made right again by super_finish(). */
static struct journal_super_disk *super_of(struct image *image)
{
    return (void *)(image->bytes + journal.blocks[0] * image->super.block_bytes);
}

static be32_t to_be32(uint32_t value)
{
    return (be32_t){ { (uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                       (uint8_t)value } };
}

static void super_finish(struct image *image)
{
    struct journal_super_disk *super = super_of(image);

    super->checksum = to_be32(0);
    super->checksum = to_be32(ext4_crc32c(UINT32_MAX, super, sizeof(*super)));
}

/* Turn the log round, so that it goes over the journal's end. */
static void log_rotate(struct image *image, uint32_t by)
{
    struct journal_super_disk *super = super_of(image);
    size_t bytes = image->super.block_bytes;
    uint32_t first = be32(super->first);
    uint32_t count = be32(super->block_count) - first;
    uint8_t *old = malloc(count * bytes);

    for (uint32_t i = 0; i < count; i++) {
        memcpy(old + i * bytes, image->bytes + journal.blocks[first + i] * bytes, bytes);
    }
    for (uint32_t i = 0; i < count; i++) {
        memcpy(image->bytes + journal.blocks[first + (i + by) % count] * bytes, old + i * bytes,
               bytes);
    }
    super->start = to_be32(first + (be32(super->start) - first + by) % count);
    free(old);
}

TEST(a_log_may_go_over_the_end_of_the_journal)
{
    struct image image;

    /* Cut inside a descriptor's blocks, at a descriptor, at a commit block: wherever. */
    for (uint32_t cut = 1; cut < 14 && !test_has_failed(); cut += 3) {
        if (!journal_make(kinds[cut % 2].options, kinds[cut % 2].open, "") ||
            !load(&image, "journaled")) {
            return;
        }
        CHECK_EQ(ext4_super_read(image.bytes + EXT4_SUPER_OFFSET, image.size, &image.super,
                                 &(const char *){ NULL }),
                 ERR_OK, "the superblock");
        log_rotate(&image, journal.count - 1 - cut);
        super_finish(&image);
        file_save("journaled", image.bytes, image.size);
        image_free(&image);
        journaled_check(2);
    }
}

/* The nth block of the log of this kind; 0: none. */
static uint32_t log_block_of(struct image *image, enum journal_kind kind, uint32_t nth)
{
    for (uint32_t i = 1; i < journal.count; i++) {
        const struct journal_header *header =
            (const void *)(image->bytes + journal.blocks[i] * image->super.block_bytes);

        if (be32(header->magic) == JOURNAL_MAGIC && be32(header->kind) == (uint32_t)kind &&
            nth-- == 0) {
            return i;
        }
    }
    return 0;
}

/* Give a log the checksums of the first version: in a commit block, of all before it. */
static void log_sum(struct image *image)
{
    uint32_t bytes = image->super.block_bytes;
    uint32_t sum = UINT32_MAX;

    super_of(image)->compat = to_be32(JOURNAL_COMPAT_CHECKSUM);
    for (uint32_t i = 1; i < journal.count; i++) {
        struct journal_commit *block = (void *)(image->bytes + journal.blocks[i] * bytes);

        if (be32(block->header.magic) == JOURNAL_MAGIC &&
            be32(block->header.kind) == JOURNAL_COMMIT) {
            block->checksum_type = 1;
            block->checksum_bytes = 4;
            block->checksum[0] = to_be32(sum);
            sum = UINT32_MAX;
        } else {
            sum = ext4_crc32(sum, block, bytes);
        }
    }
}

TEST(old_checksums_of_a_journal_are_known)
{
    struct image image;
    struct image once;
    const char *why = "";

    if (!journal_make(kinds[4].options, kinds[4].open, "") || !load(&image, "journaled")) {
        return;
    }
    CHECK_EQ(image_mount(&image, MAP_BYTES, &why), ERR_OK, why);
    log_sum(&image);
    file_save("journaled", image.bytes, image.size);
    journaled_check(2);
    /* A copy of the second transaction is damaged: only the first counts. */
    image.bytes[journal.blocks[log_block_of(&image, JOURNAL_COMMIT, 1) - 1] * 1024 + 5] ^= 1;
    CHECK_EQ(image_mount(&image, MAP_BYTES, &why), ERR_OK, why);
    CHECK_EQ(image.fs.journal.end, image.fs.journal.first + 1, "only the first transaction counts");
    CHECK_EQ(atomic_load(&image.fs.damage.count), 1, "damage is counted");
    if (load(&once, "once")) {
        blocks_compare(&image, &once);
        image_free(&once);
    }
    image_free(&image);
}

/* Change a byte of a block of the log and mount; gives the error, and the damage in @image->fs. */
static err_t damaged_mount(struct image *image, uint32_t log_block, uint32_t offset)
{
    uint8_t *at = image->bytes + journal.blocks[log_block] * image->super.block_bytes + offset;
    const char *why = "";
    err_t err;

    *at ^= 0x10;
    err = image_mount(image, MAP_BYTES, &why);
    *at ^= 0x10;
    CHECK_EQ(image->held, 0, "every block was given back");
    return err;
}

static void damage_check(struct image *image, const char *want, uint64_t place)
{
    uint64_t where;

    CHECK(strstr(ext4_damage_last(&image->fs.damage, &where), want) != NULL, want);
    CHECK_EQ(where, place, want);
}

TEST(damage_in_the_journal_is_found_and_its_place_told)
{
    struct image image;
    struct image once;
    const char *why = "";
    uint32_t block;

    if (!journal_make(kinds[0].options, kinds[0].open, "jw -r 9000\n") ||
        !load(&image, "journaled") || !load(&once, "once")) {
        return;
    }
    CHECK_EQ(image_mount(&image, MAP_BYTES, &why), ERR_OK, "whole");
    block = log_block_of(&image, JOURNAL_DESCRIPTOR, 1);
    CHECK_EQ(damaged_mount(&image, block + 1, 77), ERR_DAMAGED, "a copy");
    damage_check(&image, "checksum of a block in the journal", block + 1);
    CHECK_EQ(damaged_mount(&image, block, 500), ERR_DAMAGED, "a descriptor");
    damage_check(&image, "transaction", 2);
    CHECK_EQ(damaged_mount(&image, log_block_of(&image, JOURNAL_REVOKE, 0), 100), ERR_DAMAGED,
             "a revoke block");
    damage_check(&image, "transaction", 3);
    CHECK_EQ(damaged_mount(&image, 0, 200), ERR_DAMAGED, "the superblock");
    damage_check(&image, "superblock of the journal", journal.blocks[0]);
    /* A damaged commit block ends the log before its transaction, as in jbd2. */
    block = log_block_of(&image, JOURNAL_COMMIT, 1);
    CHECK_EQ(damaged_mount(&image, block, 100), ERR_OK, "a commit block");
    damage_check(&image, "transaction", 2);
    CHECK_EQ(image.fs.journal.end, image.fs.journal.first + 1, "only the first transaction counts");
    blocks_compare(&image, &once);
    image_free(&image);
    image_free(&once);
}

TEST(numbers_in_a_journal_without_checksums_are_bounded)
{
    struct image image;
    const char *why = "";
    struct journal_revoke *revoke;

    if (!journal_make(kinds[4].options, kinds[4].open, "jw -r 9000\n") ||
        !load(&image, "journaled")) {
        return;
    }
    CHECK_EQ(image_mount(&image, MAP_BYTES, &why), ERR_OK, why);
    revoke = (void *)(image.bytes + journal.blocks[log_block_of(&image, JOURNAL_REVOKE, 0)] *
                                        image.super.block_bytes);
    revoke->bytes = to_be32(UINT32_MAX);
    CHECK_EQ(image_mount(&image, MAP_BYTES, &why), ERR_DAMAGED,
             "a revoke block longer than a block");
    damage_check(&image, "revoke block", log_block_of(&image, JOURNAL_REVOKE, 0));
    revoke->bytes = to_be32(0);
    CHECK_EQ(image_mount(&image, MAP_BYTES, &why), ERR_OK, "one that is empty");
    super_of(&image)->block_count = to_be32(UINT32_MAX);
    CHECK_EQ(image_mount(&image, MAP_BYTES, &why), ERR_DAMAGED, "a journal longer than its file");
    super_of(&image)->block_count = to_be32(journal.count);
    super_of(&image)->start = to_be32(journal.count);
    CHECK_EQ(image_mount(&image, MAP_BYTES, &why), ERR_DAMAGED, "a log that begins past the end");
    image_free(&image);
}

TEST(too_little_memory_for_the_journal_is_told)
{
    struct image image;
    const char *why = "";
    size_t bytes;

    if (!journal_make(kinds[0].options, kinds[0].open, "") || !load(&image, "journaled")) {
        return;
    }
    for (bytes = 0; bytes < 1000; bytes += 96) {
        CHECK_EQ(image_mount(&image, bytes, &why), ERR_NO_MEMORY, "too little");
        CHECK(strstr(why, "too small") != NULL, why);
    }
    CHECK_EQ(image_mount(&image, image.fs.journal.wanted_bytes, &why), ERR_OK, "what it asked for");
    CHECK_EQ(image.held, 0, "every block was given back");
    image_free(&image);
}

TEST(an_unknown_feature_of_the_journal_is_refused)
{
    struct image image;
    const char *why = "";

    if (!journal_make(kinds[0].options, kinds[0].open, "") || !load(&image, "journaled")) {
        return;
    }
    CHECK_EQ(image_mount(&image, MAP_BYTES, &why), ERR_OK, why);
    super_of(&image)->incompat.bytes[3] |= 0x20; /* fast_commit */
    super_finish(&image);
    CHECK_EQ(image_mount(&image, MAP_BYTES, &why), ERR_WRONG_TYPE, "fast_commit");
    CHECK(strstr(why, "not known") != NULL, why);
    image_free(&image);
}
