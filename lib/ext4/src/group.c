/* SPDX-License-Identifier: MIT */
/* Groups: where their descriptors are, and the inode tables that they name. */
#include <stddef.h>

#include "ext4/crc.h"
#include "internal.h"

static bool is_power_of(uint32_t number, uint32_t base)
{
    while (number % base == 0) {
        number /= base;
    }
    return number == 1;
}

/* Whether a group begins with a copy of the superblock. */
static bool group_has_super(const struct ext4_super *super, uint32_t group)
{
    if (group == 0) {
        return true;
    }
    if ((super->compat & COMPAT_SPARSE_SUPER2) != 0) {
        return group == super->backup_groups[0] || group == super->backup_groups[1];
    }
    return group == 1 || (super->ro_compat & RO_COMPAT_SPARSE_SUPER) == 0 ||
           is_power_of(group, 3) || is_power_of(group, 5) || is_power_of(group, 7);
}

/* The block of the table of descriptors with this index. */
static uint64_t desc_block(const struct ext4_super *super, uint32_t index)
{
    uint32_t super_block = EXT4_SUPER_OFFSET / super->block_bytes;
    uint64_t group;

    if ((super->incompat & INCOMPAT_META_BG) == 0 || index < super->first_meta_group) {
        return (uint64_t)super_block + 1 + index;
    }
    group = (uint64_t)index * (super->block_bytes / super->desc_bytes);
    return super->first_data_block + group * super->blocks_per_group +
           group_has_super(super, (uint32_t)group) +
           (index == 0 && super->first_data_block < super_block);
}

static bool desc_checksum_is_right(const struct ext4 *fs, uint32_t group,
                                   const struct group_disk *desc)
{
    const struct ext4_super *super = &fs->super;
    const size_t at = offsetof(struct group_disk, checksum);
    const uint8_t *rest = (const uint8_t *)desc + GROUP_BYTES_OLD;
    static const uint16_t zero;

    if (super->has_checksums) {
        uint32_t crc = ext4_crc32c(super->checksum_seed, &group, sizeof(group));

        crc = ext4_crc32c(crc, desc, at);
        crc = ext4_crc32c(crc, &zero, sizeof(zero));
        crc = ext4_crc32c(crc, rest, super->desc_bytes - GROUP_BYTES_OLD);
        return (crc & 0xffff) == desc->checksum;
    }
    if ((super->ro_compat & RO_COMPAT_GDT_CSUM) != 0) {
        uint16_t crc = ext4_crc16(0xffff, super->uuid, sizeof(super->uuid));

        crc = ext4_crc16(crc, &group, sizeof(group));
        crc = ext4_crc16(crc, desc, at);
        crc = ext4_crc16(crc, rest, super->desc_bytes - GROUP_BYTES_OLD);
        return crc == desc->checksum;
    }
    return true;
}

err_t ext4_inode_table(struct ext4 *fs, uint32_t group, uint64_t *table)
{
    const struct ext4_super *super = &fs->super;
    uint32_t per_block = super->block_bytes / super->desc_bytes;
    uint32_t part = group % per_block;
    uint64_t table_blocks =
        ((uint64_t)super->inodes_per_group * super->inode_bytes + super->block_bytes - 1) /
        super->block_bytes;
    const struct group_disk *desc;
    struct ext4_block block;
    uint64_t first;
    bool is_right;
    err_t err;

    err = ext4_block_get(fs, desc_block(super, group / per_block), &block);
    if (err) {
        return err;
    }
    desc = (const void *)((const uint8_t *)block.data + (size_t)part * super->desc_bytes);
    is_right = ext4_part_is_checked(&block, CHECK_GROUPS, part);
    if (!is_right) {
        is_right = desc_checksum_is_right(fs, group, desc);
        if (is_right) {
            ext4_part_set_checked(&block, CHECK_GROUPS, part);
        }
    }
    first = desc->inode_table_low;
    if (super->desc_bytes > GROUP_BYTES_OLD) {
        first |= (uint64_t)desc->inode_table_high << 32;
    }
    ext4_block_put(fs, &block);
    if (!is_right) {
        return ext4_damaged(fs, EXT4_REASON_GROUP_CHECKSUM, group);
    }
    if (!ext4_blocks_in_range(fs, first, table_blocks)) {
        return ext4_damaged(fs, EXT4_REASON_GROUP_TABLE, group);
    }
    *table = first;
    return ERR_OK;
}
