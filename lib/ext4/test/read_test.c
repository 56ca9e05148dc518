/* SPDX-License-Identifier: MIT */
/* Images made by mkfs.ext4 in many ways, each compared with the tree that it was made from. */
#include <stdio.h>
#include <string.h>

#include "ext4/names.h"
#include "ext4_test/image.h"
#include "ext4_test/tree.h"
#include "host_test/test.h"

/* Large trees for directories with an index, a small one for everything else. */
enum { MANY = 3000, SOME = 700, FEW = 60 };

static bool tree_is_made(const char *name, unsigned entries)
{
    static unsigned made[3];

    for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++) {
        if (made[i] == 0 && CHECK(tree_make(name, entries), "the tree is made")) {
            made[i] = entries;
        }
        if (made[i] == entries) {
            return true;
        }
    }
    return false;
}

/* Make an image; @options are of mkfs.ext4, @after is a command run on the file `image`. */
static bool image_make(struct image *image, const char *tree, const char *options,
                       const char *after)
{
    char path[1024];

    snprintf(path, sizeof(path), "%s", folder_path("image"));
    return CHECK(folder_run("rm -f image && truncate -s 16M image && "
                            "mkfs.ext4 -q -F -d %s %s image && %s",
                            tree, options, after),
                 options) &&
           CHECK(image_load(image, path), options);
}

static void image_compare(unsigned entries, const char *options, const char *after)
{
    const char *tree = entries == MANY ? "many" : entries == SOME ? "some" : "few";
    struct image image;
    const char *why = "";
    char path[1024];

    if (!tree_is_made(tree, entries) || !image_make(&image, tree, options, after)) {
        return;
    }
    snprintf(path, sizeof(path), "%s", folder_path(tree));
    if (CHECK_EQ(image_mount(&image, 0, &why), ERR_OK, options)) {
        CHECK(tree_compare(&image, path) >= entries, options);
    }
    image_free(&image);
}

/* e2fsck -D makes the index of large directories, which mkfs -d does not. Status 1: it changed something. */
#define INDEXED "{ e2fsck -fyD image || [ $? = 1 ]; }"

TEST(a_file_system_as_mkfs_makes_it_is_read)
{
    image_compare(FEW, "", "true");
}

TEST(indexed_directories_are_read)
{
    image_compare(SOME, "-b 4096", INDEXED);
    image_compare(MANY, "-b 1024", INDEXED);
}

TEST(old_and_unusual_file_systems_are_read)
{
    static const struct {
        const char *options;
        const char *after;
    } cases[] = {
        { "-t ext2", "true" },
        { "-t ext2 -b 1024 -O ^filetype", "true" },
        { "-t ext2 -r 0 -O none", "true" },
        { "-t ext3 -b 1024", INDEXED },
        { "-O ^has_journal", "true" },
        { "-O ^metadata_csum", INDEXED },
        { "-O ^metadata_csum,uninit_bg,64bit -b 1024 -g 1024", "true" },
        { "-O ^metadata_csum,uninit_bg,^64bit -b 1024 -g 1024", "true" },
        { "-O ^64bit -b 2048", "true" },
        { "-I 128 -b 1024", "true" },
        { "-I 1024 -b 4096", "true" },
        { "-b 65536", INDEXED },
        { "-b 1024 -g 512 -N 4000", "true" },
        { "-O ^resize_inode,meta_bg -b 1024 -g 256", "true" },
        { "-O ^resize_inode,meta_bg,sparse_super2 -b 1024 -g 256", "true" },
        { "-O bigalloc -C 16384", "true" },
        { "-O bigalloc -b 1024 -C 4096", "true" },
        { "-O metadata_csum_seed", "tune2fs -U random image" },
        { "-O large_dir,ea_inode,quota,project,verity", "true" },
        { "-O orphan_file", "true" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]) && !test_has_failed(); i++) {
        image_compare(FEW, cases[i].options, cases[i].after);
    }
}

TEST(every_hash_of_names_is_known)
{
    image_compare(SOME, "-b 1024 -E hash_seed=12345678-9abc-def0-1234-56789abcdef0", INDEXED);
    image_compare(SOME, "-b 1024",
                  "tune2fs -E hash_alg=tea image && debugfs -w -R 'ssv flags 2' image && " INDEXED);
    image_compare(SOME, "-b 1024", "tune2fs -E hash_alg=legacy image && " INDEXED);
    image_compare(
        MANY, "-b 1024 -t ext3",
        "tune2fs -E hash_alg=legacy image && debugfs -w -R 'ssv flags 2' image && " INDEXED);
}

TEST(features_that_are_not_known_are_refused_with_their_name)
{
    static const struct {
        const char *options;
        const char *wanted;
    } cases[] = {
        { "-O inline_data", "inline_data" },
        { "-O encrypt", "encrypt" },
        { "-O casefold", "casefold" },
        { "-O mmp", "mmp" },
        { "-O journal_dev", "journal of another" },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct image image;
        const char *why = "";
        char path[1024];

        snprintf(path, sizeof(path), "%s", folder_path("image"));
        if (CHECK(folder_run("rm -f image && truncate -s 8M image && mkfs.ext4 -q -F %s image",
                             cases[i].options),
                  cases[i].options) &&
            CHECK(image_load(&image, path), path)) {
            CHECK_EQ(image_mount(&image, 0, &why), ERR_WRONG_TYPE, cases[i].options);
            CHECK(strstr(why, cases[i].wanted) != NULL, why);
            image_free(&image);
        }
    }
}
