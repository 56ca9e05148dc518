/* SPDX-License-Identifier: MIT */
/*
 * ext4 on the disk: superblock, groups, inodes. All numbers are little-endian, as all machines that this
 * runs on. Names follow what they mean, not the kernel's.
 */
#pragma once

#include <stdint.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "numbers are read as they lie on the disk");

enum { SUPER_MAGIC = 0xef53, CHECKSUM_CRC32C = 1, LOG_BLOCK_MAX = 6, SUPER_FLAG_HASH_UNSIGNED = 2 };

enum ext4_compat {
    COMPAT_JOURNAL = 0x4,
    COMPAT_DIR_INDEX = 0x20,
    COMPAT_SPARSE_SUPER2 = 0x200,
};

enum ext4_incompat {
    INCOMPAT_COMPRESSION = 0x1,
    INCOMPAT_FILETYPE = 0x2,
    INCOMPAT_RECOVER = 0x4,
    INCOMPAT_JOURNAL_DEVICE = 0x8,
    INCOMPAT_META_BG = 0x10,
    INCOMPAT_EXTENTS = 0x40,
    INCOMPAT_64BIT = 0x80,
    INCOMPAT_MMP = 0x100,
    INCOMPAT_FLEX_BG = 0x200,
    INCOMPAT_EA_INODE = 0x400,
    INCOMPAT_DIRDATA = 0x1000,
    INCOMPAT_CSUM_SEED = 0x2000,
    INCOMPAT_LARGEDIR = 0x4000,
    INCOMPAT_INLINE_DATA = 0x8000,
    INCOMPAT_ENCRYPT = 0x10000,
    INCOMPAT_CASEFOLD = 0x20000,
};

enum ext4_ro_compat {
    RO_COMPAT_SPARSE_SUPER = 0x1,
    RO_COMPAT_LARGE_FILE = 0x2,
    RO_COMPAT_HUGE_FILE = 0x8,
    RO_COMPAT_GDT_CSUM = 0x10,
    RO_COMPAT_DIR_NLINK = 0x20,
    RO_COMPAT_EXTRA_ISIZE = 0x40,
    RO_COMPAT_BIGALLOC = 0x200,
    RO_COMPAT_METADATA_CSUM = 0x400,
};

struct super_disk {
    uint32_t inode_count;
    uint32_t block_count_low;
    uint32_t reserved_blocks_low;
    uint32_t free_blocks_low;
    uint32_t free_inodes;
    uint32_t first_data_block;
    uint32_t log_block;   /* block size is 1024 << this */
    uint32_t log_cluster; /* with BIGALLOC */
    uint32_t blocks_per_group;
    uint32_t clusters_per_group;
    uint32_t inodes_per_group;
    uint32_t mounted_time;
    uint32_t written_time;
    uint16_t mount_count;
    uint16_t mount_count_max;
    uint16_t magic;
    uint16_t state;
    uint16_t on_error;
    uint16_t minor_revision;
    uint32_t checked_time;
    uint32_t check_interval;
    uint32_t creator_os;
    uint32_t revision; /* 0: fixed inode size, no features */
    uint16_t reserved_uid;
    uint16_t reserved_gid;
    uint32_t first_inode;
    uint16_t inode_bytes;
    uint16_t group_of_this;
    uint32_t compat;
    uint32_t incompat;
    uint32_t ro_compat;
    uint8_t uuid[16];
    char label[16];
    char mounted_at[64];
    uint32_t algorithms;
    uint8_t prealloc_blocks;
    uint8_t prealloc_dir_blocks;
    uint16_t reserved_desc_blocks;
    uint8_t journal_uuid[16];
    uint32_t journal_inode;
    uint32_t journal_device;
    uint32_t first_orphan;
    uint32_t hash_seed[4];
    uint8_t hash_version;
    uint8_t journal_backup_kind;
    uint16_t desc_bytes;
    uint32_t mount_options;
    uint32_t first_meta_group;
    uint32_t made_time;
    uint32_t journal_backup[17];
    uint32_t block_count_high;
    uint32_t reserved_blocks_high;
    uint32_t free_blocks_high;
    uint16_t extra_bytes_min;
    uint16_t extra_bytes_wanted;
    uint32_t flags;
    uint16_t raid_stride;
    uint16_t mmp_interval;
    uint64_t mmp_block;
    uint32_t raid_width;
    uint8_t log_groups_per_flex;
    uint8_t checksum_type;
    uint16_t reserved;
    uint8_t unused1[0x24c - 0x178];
    uint32_t backup_groups[2];
    uint8_t unused2[0x270 - 0x254];
    uint32_t checksum_seed;
    uint8_t unused3[0x3fc - 0x274];
    uint32_t checksum;
};
_Static_assert(sizeof(struct super_disk) == 1024, "the format");

struct group_disk {
    uint32_t block_bitmap_low;
    uint32_t inode_bitmap_low;
    uint32_t inode_table_low;
    uint16_t free_blocks_low;
    uint16_t free_inodes_low;
    uint16_t used_dirs_low;
    uint16_t flags;
    uint32_t snapshot_low;
    uint16_t block_bitmap_checksum_low;
    uint16_t inode_bitmap_checksum_low;
    uint16_t unused_inodes_low;
    uint16_t checksum;
    /* If desc_bytes is 64 or more. */
    uint32_t block_bitmap_high;
    uint32_t inode_bitmap_high;
    uint32_t inode_table_high;
    uint32_t unused[5];
};
_Static_assert(sizeof(struct group_disk) == 64, "the format");

enum { GROUP_BYTES_OLD = 32, INODE_BYTES_OLD = 128 };

enum ext4_inode_flags {
    INODE_INDEX = 0x1000,
    INODE_HUGE_FILE = 0x40000,
    INODE_EXTENTS = 0x80000,
    INODE_INLINE_DATA = 0x10000000,
};

enum {
    MODE_TYPE = 0xf000,
    MODE_FIFO = 0x1000,
    MODE_CHARACTERS = 0x2000,
    MODE_DIR = 0x4000,
    MODE_BLOCKS = 0x6000,
    MODE_FILE = 0x8000,
    MODE_SYMLINK = 0xa000,
};

struct inode_disk {
    uint16_t mode;
    uint16_t uid_low;
    uint32_t size_low;
    uint32_t accessed;
    uint32_t changed;
    uint32_t modified;
    uint32_t deleted;
    uint16_t gid_low;
    uint16_t links;
    uint32_t blocks_low;
    uint32_t flags;
    uint32_t version_low;
    uint32_t map[15];
    uint32_t generation;
    uint32_t attributes_low;
    uint32_t size_high;
    uint32_t fragment;
    uint16_t blocks_high;
    uint16_t attributes_high;
    uint16_t uid_high;
    uint16_t gid_high;
    uint16_t checksum_low;
    uint16_t reserved;
    /* If inode_bytes is more than 128, as far as extra_bytes from here reaches. */
    uint16_t extra_bytes;
    uint16_t checksum_high;
    uint32_t changed_extra;
    uint32_t modified_extra;
    uint32_t accessed_extra;
    uint32_t created;
    uint32_t created_extra;
    uint32_t version_high;
    uint32_t project;
};
_Static_assert(sizeof(struct inode_disk) == 160, "the format");
