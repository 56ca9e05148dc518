/* SPDX-License-Identifier: MIT */
/*
 * Directories as lists of entries. Must stay true: an entry is used only once it lies whole in its block,
 * and every step goes forward by at least the size of the smallest.
 */
#include <stddef.h>

#include "ext4/crc.h"
#include "format_file.h"
#include "internal.h"
#include "pith/string.h"

/* Entry by entry through one block. */
struct cursor {
    const uint8_t *data;
    uint32_t bytes;
    uint32_t at;
    uint32_t length; /* of the entry at at; 0 before it is checked */
};

static const struct dirent_disk *cursor_entry(const struct cursor *cursor)
{
    return (const void *)(cursor->data + cursor->at);
}

/* Bytes of a record; a block of 64 KiB does not fit 16 bits. */
static uint32_t record_bytes(const struct dirent_disk *disk, uint32_t block_bytes)
{
    uint32_t raw = disk->record_bytes;

    return block_bytes == 65536 && (raw == 0 || raw == 65535) ? block_bytes : raw;
}

/* Check the entry at the cursor. */
static bool cursor_check(const struct ext4 *fs, struct cursor *cursor)
{
    const struct dirent_disk *disk = cursor_entry(cursor);
    uint32_t left = cursor->bytes - cursor->at;

    if (left < DIRENT_BYTES_MIN) {
        return false;
    }
    cursor->length = record_bytes(disk, cursor->bytes);
    return cursor->length >= DIRENT_BYTES_MIN && cursor->length % 4 == 0 &&
           cursor->length <= left && sizeof(*disk) + disk->name_length <= cursor->length &&
           disk->inode <= fs->super.inode_count;
}

static bool entries_checksum_is_right(const struct ext4 *fs, const struct ext4_inode *inode,
                                      const uint8_t *data)
{
    uint32_t bytes = fs->super.block_bytes - (uint32_t)sizeof(struct dirent_tail);
    const struct dirent_tail *tail = (const void *)(data + bytes);

    return tail->zero == 0 && tail->record_bytes == sizeof(*tail) && tail->zero_length == 0 &&
           tail->type == DIRENT_TAIL_TYPE &&
           ext4_crc32c(inode->checksum_seed, data, bytes) == tail->checksum;
}

static bool index_checksum_is_right(const struct ext4 *fs, const struct ext4_inode *inode,
                                    const uint8_t *data, uint32_t offset)
{
    const struct htree_limit *limit = (const void *)(data + offset);
    size_t tail_at = offset + limit->limit * sizeof(struct htree_entry);
    const struct htree_tail *tail = (const void *)(data + tail_at);
    static const uint32_t zero;
    uint32_t crc;

    if (tail_at + sizeof(*tail) > fs->super.block_bytes || limit->count > limit->limit) {
        return false;
    }
    crc =
        ext4_crc32c(inode->checksum_seed, data, offset + limit->count * sizeof(struct htree_entry));
    crc = ext4_crc32c(crc, tail, offsetof(struct htree_tail, checksum));
    return ext4_crc32c(crc, &zero, sizeof(zero)) == tail->checksum;
}

static bool block_checksum_is_right(const struct ext4 *fs, const struct ext4_inode *inode,
                                    const struct ext4_block *block, uint32_t index_offset)
{
    enum block_check check = index_offset != 0 ? CHECK_HTREE : CHECK_DIR;

    if (!fs->super.has_checksums || ext4_block_is_checked(block, check, inode->number)) {
        return true;
    }
    if (index_offset != 0 ? !index_checksum_is_right(fs, inode, block->data, index_offset)
                          : !entries_checksum_is_right(fs, inode, block->data)) {
        return false;
    }
    ext4_block_set_checked(block, check, inode->number);
    return true;
}

err_t ext4_dir_block(struct ext4 *fs, struct ext4_file *dir, uint64_t number,
                     struct ext4_block *block, bool *is_index)
{
    const struct dirent_disk *first;
    uint32_t index_offset = 0;
    err_t err;

    err = ext4_file_block(fs, dir, number, block);
    if (err == ERR_NO_ENTRY) {
        return ext4_damaged(fs, EXT4_REASON_DIR_HOLE, dir->inode.number);
    }
    if (err) {
        return err;
    }
    first = block->data;
    if ((dir->inode.flags & INODE_INDEX) != 0) {
        if (number == 0) {
            index_offset = HTREE_ROOT_OFFSET;
        } else if (first->inode == 0 &&
                   record_bytes(first, fs->super.block_bytes) == fs->super.block_bytes) {
            index_offset = HTREE_NODE_OFFSET;
        }
    }
    if (!block_checksum_is_right(fs, &dir->inode, block, index_offset)) {
        err = ext4_damaged(fs, EXT4_REASON_DIR_CHECKSUM, block->number);
        ext4_block_put(fs, block);
        return err;
    }
    *is_index = index_offset != 0;
    return ERR_OK;
}

/* What the entry at the cursor, checked, says. */
static void entry_read(const struct ext4 *fs, const struct cursor *cursor, uint64_t number,
                       struct ext4_entry *entry)
{
    const struct dirent_disk *disk = cursor_entry(cursor);

    entry->inode = disk->inode;
    entry->type = EXT4_TYPE_UNKNOWN;
    if ((fs->super.incompat & INCOMPAT_FILETYPE) != 0 && disk->type <= EXT4_TYPE_SYMLINK) {
        entry->type = disk->type;
    }
    entry->next = number * cursor->bytes + cursor->at + cursor->length;
}

err_t ext4_dir_search(struct ext4 *fs, const struct ext4_block *block, uint64_t number,
                      struct ext4_entry *entry)
{
    struct cursor cursor = { .data = block->data, .bytes = fs->super.block_bytes };

    for (; cursor.at < cursor.bytes; cursor.at += cursor.length) {
        const struct dirent_disk *disk = cursor_entry(&cursor);

        if (!cursor_check(fs, &cursor)) {
            return ext4_damaged(fs, EXT4_REASON_DIR_ENTRY, block->number);
        }
        if (disk->name_length == entry->name_length && disk->inode != 0 &&
            disk->name[0] == entry->name[0] &&
            memcmp(disk->name, entry->name, entry->name_length) == 0) {
            entry_read(fs, &cursor, number, entry);
            return ERR_OK;
        }
    }
    return ERR_NO_ENTRY;
}

/* The position behind a block that cannot be read; a hole may be long, and is gone over in one step. */
static uint64_t position_behind(struct ext4 *fs, struct ext4_file *dir, uint64_t number)
{
    struct ext4_run run;

    if (ext4_file_run(fs, dir, number, &run) || run.kind == EXT4_RUN_DATA) {
        return (number + 1) * fs->super.block_bytes;
    }
    return (number + run.count) * fs->super.block_bytes;
}

/*
 * Block by block from the beginning. A damaged block is passed over, but if the name is in no other, it might
 * have been there.
 */
static err_t lookup_linear(struct ext4 *fs, struct ext4_file *dir, struct ext4_entry *entry)
{
    uint64_t position = 0;
    err_t result = ERR_NO_ENTRY;

    while (position < dir->inode.size_bytes) {
        uint64_t number = position / fs->super.block_bytes;
        struct ext4_block block;
        bool is_index;
        err_t err;

        err = ext4_dir_block(fs, dir, number, &block, &is_index);
        if (!err) {
            err = ext4_dir_search(fs, &block, number, entry);
            ext4_block_put(fs, &block);
        }
        if (err == ERR_DAMAGED) {
            result = err;
        } else if (err != ERR_NO_ENTRY) {
            return err;
        }
        position = position_behind(fs, dir, number);
    }
    return result;
}

static bool is_dots(const char *name, size_t length)
{
    return name[0] == '.' && (length == 1 || (length == 2 && name[1] == '.'));
}

err_t ext4_lookup(struct ext4 *fs, struct ext4_file *dir, const char *name, size_t length,
                  struct ext4_entry *entry)
{
    err_t err;

    if (!ext4_inode_is(&dir->inode, MODE_DIR)) {
        return ERR_WRONG_TYPE;
    }
    if (length == 0 || length > EXT4_NAME_MAX) {
        return ERR_RANGE;
    }
    *entry = (struct ext4_entry){ .name = name, .name_length = (uint8_t)length };
    /* "." and ".." are in the first block, and in no index. */
    if ((dir->inode.flags & INODE_INDEX) != 0 && !is_dots(name, length)) {
        err = ext4_htree_find(fs, dir, entry);
        if (err != ERR_DAMAGED) {
            return err;
        }
    }
    return lookup_linear(fs, dir, entry);
}

static bool name_is_sound(const struct dirent_disk *disk)
{
    for (uint32_t i = 0; i < disk->name_length; i++) {
        if (disk->name[i] == '/' || disk->name[i] == 0) {
            return false;
        }
    }
    return disk->name_length != 0;
}

/* Show the entries of one block from *position on; ERR_CANCELLED: the visitor wants no more. */
static err_t block_visit(struct ext4 *fs, const struct ext4_block *block, uint64_t *position,
                         ext4_visit_t *visit, void *context)
{
    struct cursor cursor = { .data = block->data, .bytes = fs->super.block_bytes };
    uint64_t number = *position / cursor.bytes;
    uint32_t from = (uint32_t)(*position % cursor.bytes);

    for (; cursor.at < cursor.bytes; cursor.at += cursor.length) {
        const struct dirent_disk *disk = cursor_entry(&cursor);
        struct ext4_entry entry = { 0 };

        if (!cursor_check(fs, &cursor) || (disk->inode != 0 && !name_is_sound(disk))) {
            return ext4_damaged(fs, EXT4_REASON_DIR_ENTRY, block->number);
        }
        if (cursor.at < from || disk->inode == 0) {
            continue;
        }
        entry_read(fs, &cursor, number, &entry);
        entry.name = disk->name;
        entry.name_length = disk->name_length;
        if (!visit(context, &entry)) {
            *position = number * cursor.bytes + cursor.at;
            return ERR_CANCELLED;
        }
    }
    return ERR_OK;
}

err_t ext4_dir_read(struct ext4 *fs, struct ext4_file *dir, uint64_t *position, ext4_visit_t *visit,
                    void *context)
{
    uint64_t number;

    if (!ext4_inode_is(&dir->inode, MODE_DIR)) {
        return ERR_WRONG_TYPE;
    }
    while (*position < dir->inode.size_bytes) {
        struct ext4_block block;
        bool is_index;
        err_t err;

        number = *position / fs->super.block_bytes;
        err = ext4_dir_block(fs, dir, number, &block, &is_index);
        if (!err) {
            err = block_visit(fs, &block, position, visit, context);
            ext4_block_put(fs, &block);
        }
        if (err == ERR_CANCELLED) {
            return ERR_OK;
        }
        *position = position_behind(fs, dir, number);
        if (err) {
            return err;
        }
    }
    return ERR_OK;
}
