/* SPDX-License-Identifier: MIT */
/*
 * Walks along paths. What is left of the path stands at the end of walk->text; the target of a link is put
 * in front of it. Must stay true: each step takes a part off, and links are counted, so every walk ends.
 */
#include "internal.h"
#include "pith/string.h"

err_t ext4_walk_start(struct ext4_walk *walk, uint32_t dir, const char *path, size_t length)
{
    if (length > sizeof(walk->text)) {
        return ERR_RANGE;
    }
    walk->at = (uint32_t)(sizeof(walk->text) - length);
    memcpy(walk->text + walk->at, path, length);
    walk->file = (struct ext4_file){ 0 };
    walk->parent = length > 0 && path[0] == '/' ? EXT4_ROOT_INODE : dir;
    walk->links = 0;
    walk->is_last = false;
    return ERR_OK;
}

static void slashes_skip(struct ext4_walk *walk)
{
    while (walk->at < sizeof(walk->text) && walk->text[walk->at] == '/') {
        walk->at++;
    }
}

/* Put the target of the link in walk->file in front of what is left. */
static err_t link_follow(struct ext4 *fs, struct ext4_walk *walk)
{
    uint64_t length = walk->file.inode.size_bytes;
    struct ext4_memory into;
    size_t got;
    err_t err;

    if (++walk->links > EXT4_LINKS_MAX) {
        return ERR_TOO_DEEP;
    }
    if (length > walk->at) {
        return ERR_RANGE;
    }
    /* What is left is empty or begins with a slash. */
    into = (struct ext4_memory){ walk->text + walk->at - length, (size_t)length };
    err = ext4_symlink_read(fs, &walk->file, into, &got);
    if (err) {
        return err;
    }
    if (got != length || walk->text[walk->at - length] == 0) {
        return ext4_damaged(fs, EXT4_REASON_SYMLINK, walk->file.inode.number);
    }
    walk->at -= (uint32_t)length;
    return walk->text[walk->at] == '/' ? ext4_open(fs, EXT4_ROOT_INODE, &walk->file)
                                       : ext4_open(fs, walk->parent, &walk->file);
}

err_t ext4_step(struct ext4 *fs, struct ext4_file *dir, const char *name, size_t length,
                struct ext4_file *found)
{
    struct ext4_entry entry;
    err_t err = ext4_lookup(fs, dir, name, length, &entry);

    if (err) {
        return err;
    }
    err = ext4_open(fs, entry.inode, found);
    /* A name without an inode is damage, not an absence. */
    return err == ERR_NO_ENTRY ? ext4_damaged(fs, EXT4_REASON_INODE_FREE, entry.inode) : err;
}

/* Look up the next part of the path in walk->file, which becomes what it leads to. */
static err_t part_look_up(struct ext4 *fs, struct ext4_walk *walk)
{
    const char *name = walk->text + walk->at;
    size_t length = 0;

    while (walk->at < sizeof(walk->text) && walk->text[walk->at] != '/') {
        walk->at++;
        length++;
    }
    walk->parent = walk->file.inode.number;
    walk->is_last = walk->at == sizeof(walk->text);
    return ext4_step(fs, &walk->file, name, length, &walk->file);
}

err_t ext4_walk_finish(struct ext4 *fs, struct ext4_walk *walk, bool follow)
{
    bool had_slash = false;
    err_t err;

    err = ext4_open(fs, walk->parent, &walk->file);
    while (!err) {
        uint32_t before = walk->at;

        slashes_skip(walk);
        had_slash = walk->at != before;
        if (walk->at == sizeof(walk->text)) {
            break;
        }
        err = part_look_up(fs, walk);
        if (!err && ext4_inode_is(&walk->file.inode, MODE_SYMLINK) &&
            (follow || walk->at < sizeof(walk->text))) {
            err = link_follow(fs, walk);
        }
    }
    if (!err && had_slash && !ext4_inode_is(&walk->file.inode, MODE_DIR)) {
        err = ERR_WRONG_TYPE;
    }
    return err;
}
