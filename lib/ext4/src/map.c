/* SPDX-License-Identifier: MIT */
/* Where the blocks of a file are: by extents or by block numbers, and the run found last. */
#include "internal.h"

#define FILE_BLOCKS_MAX (1ull << 32)

enum { JOURNAL_LOOK_MAX = 256 }; /* blocks of a run that are looked for in the journal */

err_t ext4_file_run(struct ext4 *fs, struct ext4_file *file, uint64_t block, struct ext4_run *run)
{
    uint64_t skip = block - file->last.first;
    err_t err;

    if (skip >= file->last.count) {
        if (block >= FILE_BLOCKS_MAX) {
            *run = (struct ext4_run){ .first = block, .count = 1, .kind = EXT4_RUN_HOLE };
            return ERR_OK;
        }
        file->last.count = 0;
        if ((file->inode.flags & INODE_EXTENTS) != 0) {
            err = ext4_extent_find(fs, &file->inode, (uint32_t)block, &file->last);
        } else {
            err = ext4_indirect_find(fs, &file->inode, (uint32_t)block, &file->last);
        }
        if (err) {
            return err;
        }
        skip = block - file->last.first;
    }
    *run = file->last;
    run->first = block;
    run->count -= skip;
    if (run->disk != 0) {
        run->disk += skip;
    }
    return ERR_OK;
}

err_t ext4_map(struct ext4 *fs, struct ext4_file *file, uint64_t block, struct ext4_run *run)
{
    const struct ext4_journal_slot *slot;
    err_t err;

    if (!ext4_inode_is(&file->inode, MODE_FILE) && !ext4_inode_is(&file->inode, MODE_DIR)) {
        return ERR_WRONG_TYPE;
    }
    err = ext4_file_run(fs, file, block, run);
    if (err || run->kind != EXT4_RUN_DATA || fs->journal.copies == 0) {
        return err;
    }
    if (run->count > JOURNAL_LOOK_MAX) {
        run->count = JOURNAL_LOOK_MAX;
    }
    for (uint64_t i = 0; i < run->count; i++) {
        if (!ext4_journal_find(&fs->journal, run->disk + i, &slot)) {
            continue;
        }
        run->count = i;
        if (i == 0) {
            run->count = 1;
            run->disk = slot->copy;
            run->flags = slot->is_escaped ? EXT4_GET_ESCAPED : 0;
        }
    }
    return ERR_OK;
}

err_t ext4_file_block(struct ext4 *fs, struct ext4_file *file, uint64_t number,
                      struct ext4_block *block)
{
    struct ext4_run run;
    err_t err;

    err = ext4_file_run(fs, file, number, &run);
    if (err) {
        return err;
    }
    return run.kind == EXT4_RUN_DATA ? ext4_block_get(fs, run.disk, block) : ERR_NO_ENTRY;
}
