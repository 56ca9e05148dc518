/* SPDX-License-Identifier: MIT */
/* Bytes of files, and the targets of symbolic links. */
#include "internal.h"
#include "pith/string.h"

enum { SHORT_TARGET_MAX = 59 };

/* Copy from one run, or zeros; *copied is at least 1. */
static err_t run_copy(struct ext4 *fs, const struct ext4_run *run, uint64_t offset,
                      struct ext4_memory into, size_t *copied)
{
    uint32_t block_bytes = fs->super.block_bytes;
    uint32_t skip = (uint32_t)(offset % block_bytes);
    struct ext4_block block;
    err_t err;

    if (run->kind != EXT4_RUN_DATA) {
        uint64_t there = run->count * block_bytes - skip;

        *copied = into.bytes < there ? into.bytes : (size_t)there;
        memset(into.start, 0, *copied);
        return ERR_OK;
    }
    err = ext4_block_get(fs, run->disk, &block);
    if (err) {
        return err;
    }
    *copied = into.bytes < block_bytes - skip ? into.bytes : block_bytes - skip;
    memcpy(into.start, (const uint8_t *)block.data + skip, *copied);
    ext4_block_put(fs, &block);
    return ERR_OK;
}

err_t ext4_file_copy(struct ext4 *fs, struct ext4_file *file, uint64_t offset,
                     struct ext4_memory into, size_t *done)
{
    uint64_t size = file->inode.size_bytes;
    size_t bytes = 0;

    if (offset >= size) {
        into.bytes = 0;
    } else if (into.bytes > size - offset) {
        into.bytes = (size_t)(size - offset);
    }
    while (bytes < into.bytes) {
        struct ext4_memory rest = { (uint8_t *)into.start + bytes, into.bytes - bytes };
        struct ext4_run run;
        size_t copied;
        err_t err;

        err = ext4_file_run(fs, file, (offset + bytes) / fs->super.block_bytes, &run);
        if (!err) {
            err = run_copy(fs, &run, offset + bytes, rest, &copied);
        }
        if (err) {
            return err;
        }
        bytes += copied;
    }
    *done = bytes;
    return ERR_OK;
}

err_t ext4_read(struct ext4 *fs, struct ext4_file *file, uint64_t offset, struct ext4_memory into,
                size_t *done)
{
    if (!ext4_inode_is(&file->inode, MODE_FILE)) {
        return ERR_WRONG_TYPE;
    }
    return ext4_file_copy(fs, file, offset, into, done);
}

/* Whether the target lies in the inode: then the link has no blocks but those of its attributes. */
static bool target_is_in_inode(const struct ext4 *fs, const struct ext4_inode *inode)
{
    uint64_t attributes = inode->attribute_block != 0 ? fs->super.block_bytes : 0;

    if ((inode->flags & INODE_EXTENTS) != 0) {
        return false;
    }
    return inode->used_bytes == attributes ||
           ((fs->super.incompat & INCOMPAT_EA_INODE) != 0 && inode->size_bytes <= SHORT_TARGET_MAX);
}

err_t ext4_symlink_read(struct ext4 *fs, struct ext4_file *link, struct ext4_memory into,
                        size_t *length)
{
    uint64_t size = link->inode.size_bytes;
    bool is_short = target_is_in_inode(fs, &link->inode);

    if (!ext4_inode_is(&link->inode, MODE_SYMLINK)) {
        return ERR_WRONG_TYPE;
    }
    /* A target has room for the 0 that the kernel puts behind it. */
    if (size == 0 || size >= fs->super.block_bytes || (is_short && size > SHORT_TARGET_MAX)) {
        return ext4_damaged(fs, EXT4_REASON_SYMLINK, link->inode.number);
    }
    if (size > into.bytes) {
        return ERR_RANGE;
    }
    if (is_short) {
        memcpy(into.start, link->inode.map, (size_t)size);
        *length = (size_t)size;
        return ERR_OK;
    }
    return ext4_file_copy(fs, link, 0, into, length);
}
