/* SPDX-License-Identifier: MIT */
/* Images made by mkfs.ext4 in many ways, each compared with the tree that it was made from. */
#include <stdio.h>
#include <string.h>

#include "ext4/names.h"
#include "ext4_test/image.h"
#include "ext4_test/tree.h"
#include "host_test/test.h"

enum { ENTRIES = 3000, FILES_MIN = 2 * ENTRIES };

static bool tree_is_made(void)
{
    static int state;

    if (state == 0) {
        state = tree_make("tree", ENTRIES) ? 1 : -1;
    }
    return CHECK(state == 1, "the tree is made");
}

/* Make an image; @options are of mkfs.ext4, @after is a command run on the file `image`. */
static bool image_make(struct image *image, const char *options, const char *after)
{
    char path[1024];

    snprintf(path, sizeof(path), "%s", folder_path("image"));
    return tree_is_made() &&
           CHECK(folder_run("rm -f image && truncate -s 48M image && "
                            "mkfs.ext4 -q -F -d tree %s image && %s",
                            options, after),
                 options) &&
           CHECK(image_load(image, path), options);
}

static void image_compare(const char *options, const char *after)
{
    struct image image;
    const char *why = "";
    char tree[1024];

    if (!image_make(&image, options, after)) {
        return;
    }
    snprintf(tree, sizeof(tree), "%s", folder_path("tree"));
    if (CHECK_EQ(image_mount(&image, 0, &why), ERR_OK, options)) {
        CHECK(tree_compare(&image, tree) >= FILES_MIN, "the whole tree was compared");
    }
    image_free(&image);
}

/* e2fsck -D makes the index of large directories, which mkfs -d does not. Status 1: it changed something. */
#define INDEXED "{ e2fsck -fyD image || [ $? = 1 ]; }"

TEST(a_file_system_as_mkfs_makes_it_is_read)
{
    image_compare("", "true");
}

TEST(indexed_directories_are_read)
{
    image_compare("-b 4096", INDEXED);
    image_compare("-b 1024", INDEXED);
}
