/* SPDX-License-Identifier: MIT */
/*
 * Extents: a tree of blocks, its root in the inode. Must stay true: every step goes one level down, from a
 * depth of at most EXTENT_DEPTH_MAX, and what is found holds the block asked for, whatever the tree says.
 */
#include "ext4/crc.h"
#include "format_file.h"
#include "internal.h"

enum { ROOT_BYTES = 60 };
#define FILE_BLOCKS_MAX (1ull << 32)

static const struct extent *extents_of(const struct extent_header *header)
{
    return (const void *)(header + 1);
}

static const struct extent_index *indices_of(const struct extent_header *header)
{
    return (const void *)(header + 1);
}

/* Both kinds of entries begin with the first block that they are for. */
static uint32_t entry_first(const struct extent_header *header, uint32_t i)
{
    return extents_of(header)[i].first;
}

static uint32_t extent_length(const struct extent *extent)
{
    return extent->length > EXTENT_LENGTH_MAX ? (uint32_t)extent->length - EXTENT_LENGTH_MAX
                                              : extent->length;
}

/* The header against the room that there is. */
static bool header_is_sound(const struct extent_header *header, uint32_t bytes, uint32_t depth)
{
    uint32_t room = (bytes - (uint32_t)sizeof(*header)) / (uint32_t)sizeof(struct extent);

    return header->magic == EXTENT_MAGIC && header->depth == depth && header->count_max <= room &&
           header->count <= header->count_max && (depth == 0 || header->count > 0);
}

static bool entries_are_sound(const struct extent_header *header)
{
    uint64_t end = 0;

    for (uint32_t i = 0; i < header->count; i++) {
        uint64_t first = entry_first(header, i);
        uint32_t length = header->depth == 0 ? extent_length(&extents_of(header)[i]) : 1;

        if (length == 0 || first < end || first + length > FILE_BLOCKS_MAX) {
            return false;
        }
        end = first + length;
    }
    return true;
}

err_t ext4_extent_root_check(struct ext4 *fs, const struct ext4_inode *inode)
{
    const struct extent_header *header = (const void *)inode->map;

    if (header->depth > EXTENT_DEPTH_MAX || !header_is_sound(header, ROOT_BYTES, header->depth) ||
        !entries_are_sound(header)) {
        return ext4_damaged(fs, EXT4_REASON_INODE_MAP, inode->number);
    }
    return ERR_OK;
}

static err_t node_check(struct ext4 *fs, const struct ext4_inode *inode,
                        const struct ext4_block *block, uint32_t depth)
{
    const struct extent_header *header = block->data;
    uint32_t tail = fs->super.has_checksums ? (uint32_t)sizeof(uint32_t) : 0;

    if (!header_is_sound(header, fs->super.block_bytes - tail, depth)) {
        return ext4_damaged(fs, EXT4_REASON_EXTENT_HEADER, block->number);
    }
    if (ext4_block_is_checked(block, CHECK_EXTENTS, inode->number)) {
        return ERR_OK;
    }
    if (fs->super.has_checksums) {
        const uint32_t *checksum = (const void *)(extents_of(header) + header->count_max);
        size_t bytes = sizeof(*header) + header->count_max * sizeof(struct extent);

        if (ext4_crc32c(inode->checksum_seed, header, bytes) != *checksum) {
            return ext4_damaged(fs, EXT4_REASON_EXTENT_CHECKSUM, block->number);
        }
    }
    if (!entries_are_sound(header)) {
        return ext4_damaged(fs, EXT4_REASON_EXTENT_ORDER, block->number);
    }
    ext4_block_set_checked(block, CHECK_EXTENTS, inode->number);
    return ERR_OK;
}

/* The last entry that begins at the block or before; count if there is none. */
static uint32_t entry_find(const struct extent_header *header, uint32_t block)
{
    uint32_t low = 0;
    uint32_t high = header->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (entry_first(header, middle) <= block) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low == 0 ? header->count : low - 1;
}

/* The first block of the file that belongs to the next entry, or to none of this node. */
static uint64_t entry_end(const struct extent_header *header, uint32_t at, uint64_t end)
{
    uint64_t next;

    if (at + 1 >= header->count) {
        return end;
    }
    next = entry_first(header, at + 1);
    return next < end ? next : end;
}

static struct ext4_run hole(uint64_t first, uint64_t end)
{
    return (struct ext4_run){ .first = first, .count = end - first, .kind = EXT4_RUN_HOLE };
}

/* A hole before the first entry of a node. */
static struct ext4_run hole_before(const struct extent_header *header, uint32_t block, uint64_t end)
{
    uint64_t next = header->count == 0 ? end : entry_first(header, 0);

    return hole(block, next < end ? next : end);
}

/* @end: first block of the file that is not in this leaf. */
static err_t leaf_find(struct ext4 *fs, const struct extent_header *header, uint32_t block,
                       uint64_t end, struct ext4_run *run)
{
    uint32_t at = entry_find(header, block);
    const struct extent *extent = extents_of(header) + at;
    uint64_t disk;
    uint32_t length;

    if (at == header->count) {
        *run = hole_before(header, block, end);
        return ERR_OK;
    }
    end = entry_end(header, at, end);
    length = extent_length(extent);
    if ((uint64_t)extent->first + length <= block) {
        *run = hole((uint64_t)extent->first + length, end);
        return ERR_OK;
    }
    disk = extent->disk_low | (uint64_t)extent->disk_high << 32;
    if (!ext4_blocks_in_range(fs, disk, length)) {
        return ERR_DAMAGED;
    }
    *run = (struct ext4_run){
        .first = extent->first,
        .count = end - extent->first < length ? end - extent->first : length,
        .disk = disk,
        .kind = extent->length > EXTENT_LENGTH_MAX ? EXT4_RUN_UNWRITTEN : EXT4_RUN_DATA,
    };
    return ERR_OK;
}

static uint64_t child_of(const struct extent_index *index)
{
    return index->child_low | (uint64_t)index->child_high << 32;
}

err_t ext4_extent_find(struct ext4 *fs, const struct ext4_inode *inode, uint32_t block,
                       struct ext4_run *run)
{
    const struct extent_header *header = (const void *)inode->map;
    struct ext4_block node;
    uint64_t end = FILE_BLOCKS_MAX;
    bool is_held = false;
    err_t err = ERR_OK;

    for (uint32_t depth = header->depth; depth > 0; depth--) {
        uint32_t at = entry_find(header, block);
        uint64_t child;

        if (at == header->count) {
            break;
        }
        end = entry_end(header, at, end);
        child = child_of(indices_of(header) + at);
        if (is_held) {
            ext4_block_put(fs, &node);
        }
        is_held = false;
        if (!ext4_blocks_in_range(fs, child, 1)) {
            return ext4_damaged(fs, EXT4_REASON_EXTENT_RANGE, inode->number);
        }
        err = ext4_block_get(fs, child, &node);
        if (err) {
            return err;
        }
        is_held = true;
        header = node.data;
        err = node_check(fs, inode, &node, depth - 1);
        if (err) {
            break;
        }
    }
    if (!err && header->depth > 0) {
        *run = hole_before(header, block, end);
    } else if (!err) {
        err = leaf_find(fs, header, block, end, run);
        if (err) {
            err = ext4_damaged(fs, EXT4_REASON_EXTENT_RANGE, inode->number);
        }
    }
    if (is_held) {
        ext4_block_put(fs, &node);
    }
    return err;
}
