/* SPDX-License-Identifier: MIT */
/*
 * Files of ext2 and ext3: twelve block numbers in the inode, then blocks of numbers, blocks of those, and
 * once more. Must stay true: at most three levels, each number bounded before use.
 */
#include "format_file.h"
#include "internal.h"

enum { LEVELS_MAX = 3 };

#define FILE_BLOCKS_MAX (1ull << 32)

/* A number in the tree and the part of the file under it. */
struct branch {
    uint64_t span;   /* blocks of the file under one number of the level below */
    uint64_t offset; /* of the block looked for, in this part */
    uint32_t levels; /* of blocks of numbers below */
    uint32_t disk;   /* the number; 0: a hole */
};

/* Numbers that lie side by side, as far as they count up; or that are 0. */
static void run_find(struct ext4_run *run, const uint32_t *numbers, uint32_t at, uint32_t count)
{
    uint32_t first = numbers[at];
    uint32_t length = 1;

    while (at + length < count && numbers[at + length] == (first == 0 ? 0 : first + length)) {
        length++;
    }
    run->count = length;
    run->disk = first;
    run->kind = first == 0 ? EXT4_RUN_HOLE : EXT4_RUN_DATA;
}

/* The number in the inode that leads to a block beyond the direct ones; false: none can. */
static bool branch_find(const struct ext4_inode *inode, uint64_t per_block, uint32_t block,
                        struct branch *branch)
{
    uint64_t offset = block - DIRECT_BLOCKS;
    uint64_t span = 1;

    for (uint32_t levels = 1; levels <= LEVELS_MAX; levels++) {
        if (offset < span * per_block) {
            *branch =
                (struct branch){ span, offset, levels, inode->map[DIRECT_BLOCKS + levels - 1] };
            return true;
        }
        span *= per_block;
        offset -= span;
    }
    return false;
}

/* Go down to the last block of numbers, or to a hole. */
static err_t branch_follow(struct ext4 *fs, struct branch *branch, uint32_t per_block,
                           struct ext4_run *run)
{
    for (; branch->disk != 0; branch->levels--) {
        struct ext4_block block;
        const uint32_t *numbers;
        uint32_t at = (uint32_t)(branch->offset / branch->span);
        err_t err;

        if (!ext4_blocks_in_range(fs, branch->disk, 1)) {
            return ERR_DAMAGED;
        }
        err = ext4_block_get(fs, branch->disk, &block);
        if (err) {
            return err;
        }
        numbers = block.data;
        branch->offset %= branch->span;
        branch->disk = numbers[at];
        if (branch->levels == 1) {
            run_find(run, numbers, at, per_block);
        }
        ext4_block_put(fs, &block);
        if (branch->levels == 1) {
            return ERR_OK;
        }
        branch->span /= per_block;
    }
    run->count = branch->span * (branch->levels > 0 ? per_block : 1) - branch->offset;
    run->kind = EXT4_RUN_HOLE;
    return ERR_OK;
}

err_t ext4_indirect_find(struct ext4 *fs, const struct ext4_inode *inode, uint32_t block,
                         struct ext4_run *run)
{
    uint32_t per_block = fs->super.block_bytes / (uint32_t)sizeof(uint32_t);
    struct ext4_run found = { .first = block };
    struct branch branch;
    err_t err = ERR_OK;

    if (block < DIRECT_BLOCKS) {
        run_find(&found, inode->map, block, DIRECT_BLOCKS);
    } else if (branch_find(inode, per_block, block, &branch)) {
        err = branch_follow(fs, &branch, per_block, &found);
    } else {
        found.count = FILE_BLOCKS_MAX - block;
        found.kind = EXT4_RUN_HOLE;
    }
    if (err == ERR_DAMAGED || (!err && found.kind == EXT4_RUN_DATA &&
                               !ext4_blocks_in_range(fs, found.disk, found.count))) {
        return ext4_damaged(fs, EXT4_REASON_EXTENT_RANGE, inode->number);
    }
    if (!err) {
        *run = found;
    }
    return err;
}
