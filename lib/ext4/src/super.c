/* SPDX-License-Identifier: MIT */
/* The superblock: what is accepted, and every number in it bounded; then the mount. */
#include <stddef.h>

#include "ext4/crc.h"
#include "internal.h"
#include "pith/string.h"

#define INCOMPAT_READABLE                                                                          \
    (INCOMPAT_FILETYPE | INCOMPAT_RECOVER | INCOMPAT_META_BG | INCOMPAT_EXTENTS | INCOMPAT_64BIT | \
     INCOMPAT_FLEX_BG | INCOMPAT_EA_INODE | INCOMPAT_CSUM_SEED | INCOMPAT_LARGEDIR)
/* What a writer would have to maintain, and the features that mkfs sets by default. */
#define INCOMPAT_WRITABLE                                                                          \
    (INCOMPAT_FILETYPE | INCOMPAT_RECOVER | INCOMPAT_EXTENTS | INCOMPAT_64BIT | INCOMPAT_FLEX_BG | \
     INCOMPAT_CSUM_SEED)
#define RO_COMPAT_WRITABLE                                                                         \
    (RO_COMPAT_SPARSE_SUPER | RO_COMPAT_LARGE_FILE | RO_COMPAT_HUGE_FILE | RO_COMPAT_DIR_NLINK |   \
     RO_COMPAT_EXTRA_ISIZE | RO_COMPAT_METADATA_CSUM)

static const struct {
    uint32_t bit;
    const char *why;
} refusals[] = {
    { INCOMPAT_COMPRESSION, "its feature compression is not known here" },
    { INCOMPAT_JOURNAL_DEVICE, "it is the journal of another file system" },
    { INCOMPAT_MMP, "its feature mmp (mounted by several machines) is not known here" },
    { INCOMPAT_DIRDATA, "its feature dirdata is not known here" },
    { INCOMPAT_INLINE_DATA, "its feature inline_data is not known here" },
    { INCOMPAT_ENCRYPT, "its feature encrypt is not known here" },
    { INCOMPAT_CASEFOLD, "its feature casefold is not known here" },
};

static const char *incompat_refusal(uint32_t incompat)
{
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        if ((incompat & refusals[i].bit) != 0) {
            return refusals[i].why;
        }
    }
    return "it has a feature that is not known here";
}

static bool is_power_of_two(uint32_t number)
{
    return number != 0 && (number & (number - 1)) == 0;
}

/* Magic, features and checksum: whether the rest means what we think. */
static err_t super_identify(const struct super_disk *disk, const char **why)
{
    if (disk->magic != SUPER_MAGIC) {
        *why = "it is no ext4 file system";
        return ERR_WRONG_TYPE;
    }
    if (disk->revision > 1) {
        *why = "its revision is not known here";
        return ERR_WRONG_TYPE;
    }
    if (disk->revision == 1 && (disk->incompat & ~(uint32_t)INCOMPAT_READABLE) != 0) {
        *why = incompat_refusal(disk->incompat);
        return ERR_WRONG_TYPE;
    }
    if (disk->revision == 0 || (disk->ro_compat & RO_COMPAT_METADATA_CSUM) == 0) {
        return ERR_OK;
    }
    if (disk->checksum_type != CHECKSUM_CRC32C) {
        *why = "its kind of checksums is not known here";
        return ERR_WRONG_TYPE;
    }
    if (ext4_crc32c(UINT32_MAX, disk, offsetof(struct super_disk, checksum)) != disk->checksum) {
        *why = "the checksum of its superblock is wrong";
        return ERR_DAMAGED;
    }
    return ERR_OK;
}

/* The features and what depends on them. */
static void super_features(const struct super_disk *disk, struct ext4_super *super)
{
    if (disk->revision != 0) {
        super->compat = disk->compat;
        super->incompat = disk->incompat;
        super->ro_compat = disk->ro_compat;
    }
    super->has_checksums = (super->ro_compat & RO_COMPAT_METADATA_CSUM) != 0;
    super->needs_recovery = (super->incompat & INCOMPAT_RECOVER) != 0;
    super->may_be_written = (super->incompat & ~(uint32_t)INCOMPAT_WRITABLE) == 0 &&
                            (super->ro_compat & ~(uint32_t)RO_COMPAT_WRITABLE) == 0;
    super->hash_is_unsigned = (disk->flags & SUPER_FLAG_HASH_UNSIGNED) != 0;
    super->checksum_seed = (super->incompat & INCOMPAT_CSUM_SEED) != 0
                               ? disk->checksum_seed
                               : ext4_crc32c(UINT32_MAX, disk->uuid, sizeof(disk->uuid));
    super->journal_inode = (super->compat & COMPAT_JOURNAL) != 0 ? disk->journal_inode : 0;
    memcpy(super->uuid, disk->uuid, sizeof(super->uuid));
    memcpy(super->label, disk->label, sizeof(disk->label));
    memcpy(super->hash_seed, disk->hash_seed, sizeof(super->hash_seed));
    super->backup_groups[0] = disk->backup_groups[0];
    super->backup_groups[1] = disk->backup_groups[1];
    super->first_meta_group = disk->first_meta_group;
}

/* Sizes of blocks, inodes and descriptors. */
static const char *super_sizes(const struct super_disk *disk, struct ext4_super *super)
{
    bool is_64bit = (super->incompat & INCOMPAT_64BIT) != 0;

    if (disk->log_block > LOG_BLOCK_MAX) {
        return "its block size is impossible";
    }
    super->block_bytes = 1024u << disk->log_block;
    super->inode_bytes = disk->revision == 0 ? INODE_BYTES_OLD : disk->inode_bytes;
    if (!is_power_of_two(super->inode_bytes) || super->inode_bytes < INODE_BYTES_OLD ||
        super->inode_bytes > super->block_bytes) {
        return "its inode size is impossible";
    }
    super->desc_bytes = is_64bit ? disk->desc_bytes : GROUP_BYTES_OLD;
    if (!is_power_of_two(super->desc_bytes) ||
        super->desc_bytes < (is_64bit ? sizeof(struct group_disk) : GROUP_BYTES_OLD) ||
        super->desc_bytes > super->block_bytes) {
        return "the size of its group descriptors is impossible";
    }
    return NULL;
}

/* Counts of blocks, inodes and groups. */
static const char *super_counts(const struct super_disk *disk, struct ext4_super *super)
{
    bool is_bigalloc = (super->ro_compat & RO_COMPAT_BIGALLOC) != 0;
    uint32_t bits = 8 * super->block_bytes;
    uint64_t groups;

    super->block_count = disk->block_count_low;
    if ((super->incompat & INCOMPAT_64BIT) != 0) {
        super->block_count |= (uint64_t)disk->block_count_high << 32;
    }
    super->first_data_block = disk->first_data_block;
    if (super->first_data_block != (super->block_bytes == 1024 && !is_bigalloc ? 1u : 0u) ||
        super->block_count <= super->first_data_block + 1u) {
        return "its first block is impossible";
    }
    if (super->block_count > super->device_bytes / super->block_bytes) {
        return "it is larger than its device";
    }
    super->blocks_per_group = disk->blocks_per_group;
    if (super->blocks_per_group == 0 || (!is_bigalloc && super->blocks_per_group > bits)) {
        return "the size of its groups is impossible";
    }
    groups = (super->block_count - super->first_data_block + super->blocks_per_group - 1) /
             super->blocks_per_group;
    super->inodes_per_group = disk->inodes_per_group;
    super->inode_count = disk->inode_count;
    if (super->inodes_per_group == 0 || super->inodes_per_group > bits || groups > UINT32_MAX ||
        super->inode_count < EXT4_ROOT_INODE ||
        super->inode_count > groups * super->inodes_per_group) {
        return "its count of inodes is impossible";
    }
    super->group_count = (uint32_t)groups;
    return NULL;
}

err_t ext4_super_read(const void *bytes, uint64_t device_bytes, struct ext4_super *super,
                      const char **why)
{
    const struct super_disk *disk = bytes;
    struct ext4_super found = { .device_bytes = device_bytes };
    err_t err;

    err = super_identify(disk, why);
    if (err) {
        return err;
    }
    super_features(disk, &found);
    *why = super_sizes(disk, &found);
    if (*why == NULL) {
        *why = super_counts(disk, &found);
    }
    if (*why != NULL) {
        return ERR_DAMAGED;
    }
    if (found.needs_recovery && disk->journal_device != 0 && disk->journal_inode == 0) {
        *why = "it needs the journal of another device";
        return ERR_WRONG_TYPE;
    }
    *super = found;
    return ERR_OK;
}

/* Read the superblock again, now that the journal is known: it may hold a newer one. */
static err_t super_refresh(struct ext4 *fs, const char **why)
{
    struct ext4_super super;
    struct ext4_block block;
    err_t err;

    err = ext4_block_get(fs, EXT4_SUPER_OFFSET / fs->super.block_bytes, &block);
    if (err) {
        *why = "its superblock cannot be read";
        return err;
    }
    err = ext4_super_read((const uint8_t *)block.data + EXT4_SUPER_OFFSET % fs->super.block_bytes,
                          fs->super.device_bytes, &super, why);
    ext4_block_put(fs, &block);
    if (err) {
        return err;
    }
    if (super.block_bytes != fs->super.block_bytes) {
        *why = "its journal holds the superblock of another file system";
        return ERR_DAMAGED;
    }
    fs->super = super;
    return ERR_OK;
}

err_t ext4_mount(struct ext4 *fs, const struct ext4_super *super, const struct ext4_blocks *blocks,
                 struct ext4_memory memory, const char **why)
{
    struct ext4_file root;
    err_t err;

    *fs = (struct ext4){ .super = *super, .blocks = *blocks };
    *why = "";
    if (super->needs_recovery) {
        err = ext4_journal_load(fs, memory, why);
        if (!err) {
            err = super_refresh(fs, why);
        }
        if (err) {
            return err;
        }
    }
    err = ext4_open(fs, EXT4_ROOT_INODE, &root);
    if (err == ERR_NO_ENTRY || (!err && !ext4_inode_is(&root.inode, MODE_DIR))) {
        err = ext4_damaged(fs, EXT4_REASON_INODE_FREE, EXT4_ROOT_INODE);
    }
    *why = err ? "its root directory cannot be read" : "";
    return err;
}
