/* SPDX-License-Identifier: MIT */
/* Which blocks of an image hold structures: found by watching what the library asks for. */
#include <stdlib.h>
#include <string.h>

#include "ext4/names.h"
#include "fuzz.h"

enum { DIR = 0x4000, FILE_TYPE = 0x8000, TYPE = 0xf000, JOURNAL_INODE = 8 };
enum { INODE_TABLE_FIELD = 8 };

/* Where the watcher notes; one thread. */
static struct {
    struct seed *seed;
    err_t (*get)(void *context, uint64_t number, uint32_t flags, struct ext4_block *block);
    enum target_kind kind;
    uint32_t owner;
} watch;

static void target_add(struct targets *targets, struct target target)
{
    for (uint32_t i = 0; i < targets->count; i++) {
        if (targets->list[i].offset == target.offset && targets->list[i].kind == target.kind) {
            return;
        }
    }
    if (targets->count == targets->room) {
        targets->room = 2 * targets->room + 64;
        targets->list = realloc(targets->list, targets->room * sizeof(target));
        if (targets->list == NULL) {
            abort();
        }
    }
    targets->list[targets->count++] = target;
}

static err_t watching_get(void *context, uint64_t number, uint32_t flags, struct ext4_block *block)
{
    uint32_t bytes = watch.seed->image.super.block_bytes;

    target_add(&watch.seed->targets,
               (struct target){ watch.kind, watch.owner, number * bytes, bytes });
    return watch.get(context, number, flags, block);
}

/* Not the copies, of which each byte is like the next. */
static bool is_log_block(uint64_t offset)
{
    return memcmp(watch.seed->image.bytes + offset, EXT4_ESCAPED_BYTES, 4) == 0;
}

static void file_watch(struct ext4 *fs, struct ext4_file *file)
{
    uint32_t bytes = fs->super.block_bytes;
    uint64_t blocks = (file->inode.size_bytes + bytes - 1) / bytes;
    uint32_t type = file->inode.mode & TYPE;
    struct ext4_run run;

    if (type != DIR && type != FILE_TYPE) {
        return;
    }
    watch.kind = TARGET_EXTENTS;
    watch.owner = file->inode.number;
    for (uint64_t at = 0; at < blocks; at += run.count) {
        if (ext4_map(fs, file, at, &run)) {
            abort();
        }
        for (uint64_t i = 0; i < run.count && run.kind == EXT4_RUN_DATA; i++) {
            if (type == DIR) {
                target_add(&watch.seed->targets, (struct target){ TARGET_DIR, watch.owner,
                                                                  (run.disk + i) * bytes, bytes });
            } else if (file->inode.number == JOURNAL_INODE &&
                       is_log_block((run.disk + i) * bytes)) {
                target_add(&watch.seed->targets, (struct target){ TARGET_JOURNAL, watch.owner,
                                                                  (run.disk + i) * bytes, bytes });
            }
        }
    }
}

/* Where an inode is, from the group's descriptor, if descriptors lie behind the superblock. */
static uint64_t inode_offset(const struct image *image, uint32_t number)
{
    const struct ext4_super *super = &image->super;
    uint32_t group = (number - 1) / super->inodes_per_group;
    uint64_t desc = (uint64_t)(EXT4_SUPER_OFFSET / super->block_bytes + 1) * super->block_bytes +
                    (uint64_t)group * super->desc_bytes;
    uint32_t table;

    memcpy(&table, image->bytes + desc + INODE_TABLE_FIELD, sizeof(table));
    return (uint64_t)table * super->block_bytes +
           (uint64_t)((number - 1) % super->inodes_per_group) * super->inode_bytes;
}

void targets_find(struct seed *seed)
{
    struct image *image = &seed->image;
    const struct ext4_super *super = &image->super;
    uint64_t descs = (uint64_t)(EXT4_SUPER_OFFSET / super->block_bytes + 1) * super->block_bytes;
    struct ext4_file file;

    target_add(&seed->targets,
               (struct target){ TARGET_SUPER, 0, EXT4_SUPER_OFFSET, EXT4_SUPER_BYTES });
    for (uint32_t i = 0; i < super->group_count; i++) {
        target_add(&seed->targets, (struct target){ TARGET_GROUP, i, descs + i * super->desc_bytes,
                                                    super->desc_bytes });
    }
    watch.seed = seed;
    watch.get = image->fs.blocks.get;
    for (uint32_t i = 1; i <= super->inode_count; i++) {
        image->fs.blocks.get = watch.get;
        if (ext4_open(&image->fs, i, &file)) {
            continue;
        }
        target_add(&seed->targets,
                   (struct target){ TARGET_INODE, i, inode_offset(image, i), super->inode_bytes });
        image->fs.blocks.get = watching_get;
        file_watch(&image->fs, &file);
    }
    image->fs.blocks.get = watch.get;
}
