/* SPDX-License-Identifier: MIT */
/*
 * The index of a directory: hashes of names, in a tree of at most four levels, that lead to blocks of
 * entries. It only ever tells where to look. Must stay true: every search ends after looking at no more
 * blocks than the directory has.
 */
#include "format_file.h"
#include "internal.h"

#define AT_HASH UINT32_MAX

/* Where the search stands in one index block. */
struct level {
    uint32_t block; /* of the directory */
    uint32_t at;    /* the entry that was followed; AT_HASH: to be found by the hash */
};

struct search {
    struct level levels[HTREE_LEVELS_MAX + 1];
    uint32_t depth; /* the last of them */
    uint32_t hash;
    uint32_t leaf; /* the block of entries that it led to */
    uint64_t looks_left;
};

/* An index block, checked. */
struct node {
    struct ext4_block block;
    const struct htree_entry
        *entries; /* the first has no hash: it is for all that is less than the second */
    uint32_t count;
};

static err_t damaged(struct ext4 *fs, const struct ext4_file *dir)
{
    return ext4_damaged(fs, EXT4_REASON_HTREE, dir->inode.number);
}

/* Get an index block; on success the caller puts it. */
static err_t node_get(struct ext4 *fs, struct ext4_file *dir, uint32_t number, struct node *node)
{
    uint32_t offset = number == 0 ? HTREE_ROOT_OFFSET : HTREE_NODE_OFFSET;
    uint32_t room = (fs->super.block_bytes - offset) / (uint32_t)sizeof(struct htree_entry);
    const struct htree_limit *limit;
    bool is_index;
    err_t err;

    err = ext4_dir_block(fs, dir, number, &node->block, &is_index);
    if (err) {
        return err;
    }
    limit = (const void *)((const uint8_t *)node->block.data + offset);
    if (!is_index || limit->count == 0 || limit->count > limit->limit || limit->limit > room) {
        ext4_block_put(fs, &node->block);
        return damaged(fs, dir);
    }
    node->entries = (const void *)limit;
    node->count = limit->count;
    return ERR_OK;
}

/* The last entry whose hash is not above that looked for. */
static uint32_t node_find(const struct node *node, uint32_t hash)
{
    uint32_t low = 1;
    uint32_t high = node->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (node->entries[middle].hash <= hash) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low - 1;
}

/* What the root says of the whole index. */
static err_t search_start(struct ext4 *fs, struct ext4_file *dir, const struct ext4_entry *entry,
                          struct search *search)
{
    const struct htree_info *info;
    struct node root;
    uint32_t version;
    uint32_t levels;
    bool is_sound;
    err_t err;

    err = node_get(fs, dir, 0, &root);
    if (err) {
        return err;
    }
    info = (const void *)((const uint8_t *)root.block.data + HTREE_INFO_OFFSET);
    version = info->hash_version;
    levels = info->levels;
    is_sound = info->zero == 0 && info->info_bytes == sizeof(*info) && version <= HTREE_TEA &&
               (info->flags & 1) == 0;
    ext4_block_put(fs, &root.block);
    if (!is_sound || levels > HTREE_LEVELS_MAX) {
        return damaged(fs, dir);
    }
    version += fs->super.hash_is_unsigned ? HTREE_HASH_UNSIGNED : 0;
    *search = (struct search){ .levels = { { .at = AT_HASH } },
                               .depth = levels,
                               .looks_left = dir->inode.size_bytes / fs->super.block_bytes };
    if (!ext4_hash(fs->super.hash_seed, version, entry->name, entry->name_length, &search->hash)) {
        return damaged(fs, dir);
    }
    return ERR_OK;
}

/* The block that the entry of a level leads to. */
static err_t level_follow(struct ext4 *fs, struct ext4_file *dir, struct search *search, uint32_t i,
                          uint32_t *child)
{
    struct level *level = &search->levels[i];
    struct node node;
    err_t err;

    err = node_get(fs, dir, level->block, &node);
    if (err) {
        return err;
    }
    if (level->at == AT_HASH) {
        level->at = node_find(&node, search->hash);
    }
    *child = level->at < node.count ? node.entries[level->at].block & HTREE_BLOCK_MASK : 0;
    ext4_block_put(fs, &node.block);
    return *child != 0 ? ERR_OK : damaged(fs, dir); /* the root is nobody's child */
}

/* Go down from a level to a block of entries; @at is for the levels below that. */
static err_t search_descend(struct ext4 *fs, struct ext4_file *dir, struct search *search,
                            uint32_t from, uint32_t at)
{
    for (uint32_t i = from; i <= search->depth; i++) {
        uint32_t child;
        err_t err;

        err = level_follow(fs, dir, search, i, &child);
        if (err) {
            return err;
        }
        if (i == search->depth) {
            search->leaf = child;
        } else {
            search->levels[i + 1] = (struct level){ .block = child, .at = at };
        }
    }
    return ERR_OK;
}

/* Names of one hash may fill more than one block: the next, if it goes on with the same hash. */
static err_t search_next(struct ext4 *fs, struct ext4_file *dir, struct search *search)
{
    for (uint32_t i = search->depth + 1; i-- > 0;) {
        struct level *level = &search->levels[i];
        struct node node;
        bool is_last;
        bool goes_on;
        err_t err;

        err = node_get(fs, dir, level->block, &node);
        if (err) {
            return err;
        }
        is_last = level->at + 1 >= node.count;
        goes_on = !is_last && (node.entries[level->at + 1].hash & ~1u) == search->hash;
        ext4_block_put(fs, &node.block);
        if (goes_on) {
            level->at++;
            return search_descend(fs, dir, search, i, 0);
        }
        if (!is_last) {
            break;
        }
    }
    return ERR_NO_ENTRY;
}

err_t ext4_htree_find(struct ext4 *fs, struct ext4_file *dir, struct ext4_entry *entry)
{
    struct search search;
    err_t err;

    err = search_start(fs, dir, entry, &search);
    if (!err) {
        err = search_descend(fs, dir, &search, 0, AT_HASH);
    }
    while (!err) {
        struct ext4_block block;
        bool is_index;

        if (search.looks_left-- == 0) {
            return damaged(fs, dir);
        }
        err = ext4_dir_block(fs, dir, search.leaf, &block, &is_index);
        if (err) {
            return err;
        }
        err = ext4_dir_search(fs, &block, search.leaf, entry);
        ext4_block_put(fs, &block);
        if (err != ERR_NO_ENTRY) {
            return err;
        }
        err = search_next(fs, dir, &search);
    }
    return err;
}
