/* SPDX-License-Identifier: MIT */
/*
 * Reading ext4 (and ext2, ext3). The library allocates nothing, keeps no state of its own and takes no
 * lock: all memory is the caller's, blocks come from the caller's cache. docs/ext4.md says what is
 * accepted, what is refused, and what was ruled out.
 *
 * Threads: after ext4_mount() a struct ext4 may be used by any number at once. A struct ext4_file or
 * ext4_walk is used by one at a time; opening a file twice, or copying the struct, makes another.
 * Whatever the disk holds, every call ends, and touches only what it was given. Errors of all calls below:
 *   ERR_DAMAGED  what the disk holds is wrong; counted in damage, with the reason. Other files are not touched.
 *   ERR_IO       and whatever else the cache's get() returns.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/errors.h"
#include "ext4/blocks.h"
#include "ext4/journal.h"

#define EXT4_ROOT_INODE 2u
#define EXT4_SUPER_OFFSET 1024u
#define EXT4_SUPER_BYTES 1024u

/* What the superblock says, checked. */
struct ext4_super {
    uint64_t device_bytes;
    uint64_t block_count;
    uint32_t block_bytes; /* a power of two, 1024..65536 */
    uint32_t first_data_block;
    uint32_t blocks_per_group;
    uint32_t group_count;
    uint32_t inode_count;
    uint32_t inodes_per_group;
    uint32_t inode_bytes;      /* a power of two, 128..block_bytes */
    uint32_t desc_bytes;       /* of a group descriptor, a power of two, 32..block_bytes */
    uint32_t first_meta_group; /* blocks of descriptors from here on lie in their groups */
    uint32_t backup_groups[2]; /* with COMPAT_SPARSE_SUPER2: the groups with a superblock */
    uint32_t compat, incompat, ro_compat; /* enum ext4_compat and so on, in format.h */
    uint32_t checksum_seed;
    uint32_t hash_seed[4];
    uint32_t journal_inode; /* 0: none */
    uint8_t uuid[16];
    char label[17]; /* ends with 0 */
    bool has_checksums;
    bool hash_is_unsigned;
    bool needs_recovery;
    bool
        may_be_written; /* no feature is set that a writer would have to know and this one does not */
};

struct ext4 {
    struct ext4_super super;
    struct ext4_blocks blocks;
    struct ext4_journal journal; /* blocks that are newer in the journal than at home */
    struct ext4_damage damage;
};

struct ext4_time {
    int64_t seconds; /* since 1970 */
    uint32_t nanoseconds;
};

/* An inode as it was on the disk. */
struct ext4_inode {
    uint64_t size_bytes;
    uint64_t used_bytes; /* on the disk */
    struct ext4_time accessed, changed, modified, created;
    uint32_t number;
    uint32_t generation;
    uint32_t uid, gid;
    uint32_t links;
    uint32_t flags;
    uint16_t mode;                       /* as in stat() */
    uint32_t device_major, device_minor; /* of device files */
    uint32_t checksum_seed;
    uint64_t attribute_block; /* of extended attributes; 0: none */
    uint32_t map[15];         /* extents, block numbers, or the target of a short symbolic link */
};

/* What part of a file is. */
enum ext4_run_kind {
    EXT4_RUN_NONE,
    EXT4_RUN_HOLE,      /* reads as zero */
    EXT4_RUN_UNWRITTEN, /* has blocks, reads as zero */
    EXT4_RUN_DATA,
};

/* Blocks of a file that lie side by side on the disk. */
struct ext4_run {
    uint64_t first; /* block of the file */
    uint64_t count;
    uint64_t disk; /* block of the disk; 0 in a hole */
    enum ext4_run_kind kind;
    uint32_t flags; /* for get(); with EXT4_GET_ESCAPED count is 1 */
};

/* An inode in use, with the run found last. Invariant: last is empty or belongs to this inode. */
struct ext4_file {
    struct ext4_inode inode;
    struct ext4_run last;
};

/**
 * ext4_super_read() - check a superblock, to know the block size that the cache needs.
 * @bytes: EXT4_SUPER_BYTES from EXT4_SUPER_OFFSET of the device, at a multiple of 8.
 * @why: on an error, what is wrong, for people.
 *
 * Errors: ERR_WRONG_TYPE  no ext4, or a feature that is not known here.
 *         ERR_DAMAGED     checksum or sizes are wrong. Copies of the superblock are not looked at.
 */
MUST_CHECK err_t ext4_super_read(const void *bytes, uint64_t device_bytes, struct ext4_super *super,
                                 const char **why);

/**
 * ext4_mount() - make a file system usable. @blocks is copied. @memory is for what the journal holds and
 * borrowed as long as @fs is used; with needs_recovery unset in @super, 0 bytes will do.
 * fs->super is then what the journal makes of @super: a file system may have grown.
 * @why: on an error, what is wrong, for people.
 *
 * Errors: those of ext4_super_read().
 *         ERR_NO_MEMORY  the memory is too small; fs->journal.wanted_bytes would be enough.
 */
MUST_CHECK err_t ext4_mount(struct ext4 *fs, const struct ext4_super *super,
                            const struct ext4_blocks *blocks, struct ext4_memory memory,
                            const char **why);

/**
 * ext4_open() - read an inode.
 * Errors: ERR_NO_ENTRY  the number is 0, past the last, or the inode is free.
 */
MUST_CHECK err_t ext4_open(struct ext4 *fs, uint32_t number, struct ext4_file *file);

/**
 * ext4_map() - where a block of a file or directory is; the run begins there, whatever the file's size.
 * Errors: ERR_WRONG_TYPE  it is neither.
 */
MUST_CHECK err_t ext4_map(struct ext4 *fs, struct ext4_file *file, uint64_t block,
                          struct ext4_run *run);

/**
 * ext4_read() - copy bytes of a regular file; *done is less than bytes only at its end.
 * Errors: ERR_WRONG_TYPE  it is no regular file.
 */
MUST_CHECK err_t ext4_read(struct ext4 *fs, struct ext4_file *file, uint64_t offset,
                           struct ext4_memory into, size_t *done);
