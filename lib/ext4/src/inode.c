/* SPDX-License-Identifier: MIT */
/* From an inode on the disk to one in memory: checksum, bounds, and the many halves put together. */
#include <stddef.h>

#include "ext4/crc.h"
#include "internal.h"
#include "pith/string.h"

enum { NANOSECONDS = 1000000000 };

/* An inode as it lies in its block. */
struct place {
    struct ext4_block block;
    const struct inode_disk *disk;
    uint32_t part;  /* of the block */
    uint32_t extra; /* bytes behind the first 128 that have a meaning */
};

static uint32_t checksum_seed(const struct ext4 *fs, uint32_t number, uint32_t generation)
{
    uint32_t crc = ext4_crc32c(fs->super.checksum_seed, &number, sizeof(number));

    return ext4_crc32c(crc, &generation, sizeof(generation));
}

static bool checksum_is_right(const struct ext4 *fs, const struct place *place, uint32_t seed)
{
    static const uint16_t zero;
    const uint8_t *bytes = (const uint8_t *)place->disk;
    size_t low = offsetof(struct inode_disk, checksum_low);
    size_t high = offsetof(struct inode_disk, checksum_high);
    bool has_high = place->extra >= high + sizeof(zero) - INODE_BYTES_OLD;
    uint32_t wanted = place->disk->checksum_low;
    uint32_t crc = ext4_crc32c(seed, bytes, low);

    crc = ext4_crc32c(crc, &zero, sizeof(zero));
    crc = ext4_crc32c(crc, bytes + low + sizeof(zero), INODE_BYTES_OLD - low - sizeof(zero));
    if (fs->super.inode_bytes == INODE_BYTES_OLD) {
        return (crc & 0xffff) == wanted;
    }
    crc = ext4_crc32c(crc, bytes + INODE_BYTES_OLD, high - INODE_BYTES_OLD);
    if (has_high) {
        crc = ext4_crc32c(crc, &zero, sizeof(zero));
        wanted |= (uint32_t)place->disk->checksum_high << 16;
        high += sizeof(zero);
    }
    crc = ext4_crc32c(crc, bytes + high, fs->super.inode_bytes - high);
    return has_high ? crc == wanted : (crc & 0xffff) == wanted;
}

static struct ext4_time time_of(uint32_t seconds, uint32_t extra)
{
    /* Bits 0-1 of extra extend the seconds, which are signed; the rest are nanoseconds. */
    return (struct ext4_time){
        .seconds = (int64_t)(int32_t)seconds + ((int64_t)(extra & 3) << 32),
        .nanoseconds = extra >> 2 < NANOSECONDS ? extra >> 2 : NANOSECONDS - 1,
    };
}

static void times_read(const struct place *place, struct ext4_inode *inode)
{
    const struct inode_disk *disk = place->disk;
    uint32_t end = INODE_BYTES_OLD + place->extra;
    bool has_extra = end >= offsetof(struct inode_disk, created);

    inode->changed = time_of(disk->changed, has_extra ? disk->changed_extra : 0);
    inode->modified = time_of(disk->modified, has_extra ? disk->modified_extra : 0);
    inode->accessed = time_of(disk->accessed, has_extra ? disk->accessed_extra : 0);
    if (end >= offsetof(struct inode_disk, version_high)) {
        inode->created = time_of(disk->created, disk->created_extra);
    }
}

static void device_read(struct ext4_inode *inode)
{
    uint32_t old = inode->map[0];
    uint32_t new = inode->map[1];

    if (!ext4_inode_is(inode, MODE_BLOCKS) && !ext4_inode_is(inode, MODE_CHARACTERS)) {
        return;
    }
    if (old != 0) {
        inode->device_major = old >> 8 & 0xff;
        inode->device_minor = old & 0xff;
    } else {
        inode->device_major = new >> 8 & 0xfff;
        inode->device_minor = (new & 0xff) | (new >> 12 & 0xfff00);
    }
}

static uint64_t used_bytes(const struct ext4 *fs, const struct inode_disk *disk)
{
    uint64_t count = disk->blocks_low;

    if ((fs->super.ro_compat & RO_COMPAT_HUGE_FILE) == 0) {
        return count * 512;
    }
    count |= (uint64_t)disk->blocks_high << 32;
    return (disk->flags & INODE_HUGE_FILE) != 0 ? count * fs->super.block_bytes : count * 512;
}

static void inode_decode(const struct ext4 *fs, const struct place *place, struct ext4_inode *inode)
{
    const struct inode_disk *disk = place->disk;

    inode->mode = disk->mode;
    inode->links = disk->links;
    inode->flags = disk->flags;
    inode->generation = disk->generation;
    inode->uid = (uint32_t)disk->uid_high << 16 | disk->uid_low;
    inode->gid = (uint32_t)disk->gid_high << 16 | disk->gid_low;
    inode->size_bytes = disk->size_low;
    /* Elsewhere the upper half once was a list of access rights. */
    if (ext4_inode_is(inode, MODE_FILE)) {
        inode->size_bytes |= (uint64_t)disk->size_high << 32;
    }
    inode->used_bytes = used_bytes(fs, disk);
    inode->attribute_block = disk->attributes_low | (uint64_t)disk->attributes_high << 32;
    memcpy(inode->map, disk->map, sizeof(inode->map));
    times_read(place, inode);
    device_read(inode);
}

/* Bounds that everything after relies on. */
static err_t inode_check(struct ext4 *fs, const struct ext4_inode *inode)
{
    uint64_t blocks_max = 1ull << 32;
    bool is_dir = ext4_inode_is(inode, MODE_DIR);

    if (is_dir) {
        /* No directory is larger than the file system: this bounds every search from its beginning. */
        blocks_max = fs->super.block_count;
    }
    if (inode->size_bytes > blocks_max * fs->super.block_bytes ||
        (is_dir && inode->size_bytes % fs->super.block_bytes != 0)) {
        return ext4_damaged(fs, EXT4_REASON_INODE_SIZE, inode->number);
    }
    if ((inode->flags & INODE_INLINE_DATA) != 0) {
        return ext4_damaged(fs, EXT4_REASON_INODE_MAP, inode->number);
    }
    if ((inode->flags & INODE_EXTENTS) != 0) {
        return ext4_extent_root_check(fs, inode);
    }
    return ERR_OK;
}

/* Find the inode and get its block; on success the caller puts it. */
static err_t place_get(struct ext4 *fs, uint32_t number, struct place *place)
{
    const struct ext4_super *super = &fs->super;
    uint32_t index = (number - 1) % super->inodes_per_group;
    uint32_t per_block = super->block_bytes / super->inode_bytes;
    uint64_t table;
    err_t err;

    err = ext4_inode_table(fs, (number - 1) / super->inodes_per_group, &table);
    if (!err) {
        err = ext4_block_get(fs, table + index / per_block, &place->block);
    }
    if (err) {
        return err;
    }
    place->part = index % per_block;
    place->disk = (const void *)((const uint8_t *)place->block.data +
                                 (size_t)place->part * super->inode_bytes);
    place->extra = super->inode_bytes == INODE_BYTES_OLD ? 0 : place->disk->extra_bytes;
    return ERR_OK;
}

/* What of a place can be wrong; ERR_NO_ENTRY: it is free. */
static err_t place_check(struct ext4 *fs, const struct place *place, uint32_t number, uint32_t seed)
{
    if (place->disk->links == 0 || place->disk->mode == 0) {
        return ERR_NO_ENTRY;
    }
    if (place->extra > fs->super.inode_bytes - INODE_BYTES_OLD || place->extra % 4 != 0) {
        return ext4_damaged(fs, EXT4_REASON_INODE_EXTRA, number);
    }
    if (fs->super.has_checksums &&
        !ext4_part_is_checked(&place->block, CHECK_INODES, place->part)) {
        if (!checksum_is_right(fs, place, seed)) {
            return ext4_damaged(fs, EXT4_REASON_INODE_CHECKSUM, number);
        }
        ext4_part_set_checked(&place->block, CHECK_INODES, place->part);
    }
    return ERR_OK;
}

err_t ext4_open(struct ext4 *fs, uint32_t number, struct ext4_file *file)
{
    struct ext4_inode *inode = &file->inode;
    struct place place;
    err_t err;

    if (number == 0 || number > fs->super.inode_count) {
        return ERR_NO_ENTRY;
    }
    err = place_get(fs, number, &place);
    if (err) {
        return err;
    }
    *file = (struct ext4_file){ .inode.number = number };
    inode->checksum_seed = checksum_seed(fs, number, place.disk->generation);
    err = place_check(fs, &place, number, inode->checksum_seed);
    if (!err) {
        inode_decode(fs, &place, inode);
    }
    ext4_block_put(fs, &place.block);
    return err ? err : inode_check(fs, inode);
}
