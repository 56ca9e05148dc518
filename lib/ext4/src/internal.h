/* SPDX-License-Identifier: MIT */
/* What the files of lib/ext4 use of each other. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ext4/ext4.h"
#include "ext4/names.h"
#include "format.h"

/* What the note on a block says: bits 0-3 are the check that passed. */
enum block_check {
    CHECK_NONE,
    CHECK_EXTENTS, /* of the inode in bits 32-63 */
    CHECK_DIR,     /* the same */
    CHECK_HTREE,   /* the same */
    CHECK_INODES,  /* of the inodes whose bits are set among 4-63, counted from the block's start */
    CHECK_GROUPS,  /* the same for group descriptors */
};

/** ext4_damaged() - count damage and note its reason; always ERR_DAMAGED. */
err_t ext4_damaged(struct ext4 *fs, enum ext4_reason reason, uint64_t where);

/** ext4_block_get() - a block, from the journal if it is newer there. ERR_DAMAGED: the number is wrong. */
MUST_CHECK err_t ext4_block_get(struct ext4 *fs, uint64_t number, struct ext4_block *block);

/** ext4_block_put() - give it back. */
void ext4_block_put(struct ext4 *fs, const struct ext4_block *block);

/** ext4_block_in_range() - whether blocks first..first+count-1 can belong to a file. */
bool ext4_blocks_in_range(const struct ext4 *fs, uint64_t first, uint64_t count);

/** ext4_block_is_checked() - whether a check of the whole block for this owner passed before. */
bool ext4_block_is_checked(const struct ext4_block *block, enum block_check check, uint32_t owner);
void ext4_block_set_checked(const struct ext4_block *block, enum block_check check, uint32_t owner);

/** ext4_part_is_checked() - the same for one of many structures in a block. */
bool ext4_part_is_checked(const struct ext4_block *block, enum block_check check, uint32_t part);
void ext4_part_set_checked(const struct ext4_block *block, enum block_check check, uint32_t part);

/** ext4_inode_table() - the first block of a group's inode table; it lies in the file system. */
MUST_CHECK err_t ext4_inode_table(struct ext4 *fs, uint32_t group, uint64_t *table);

/** ext4_inode_is() - whether its type is this MODE_. */
static inline bool ext4_inode_is(const struct ext4_inode *inode, uint32_t type)
{
    return (inode->mode & MODE_TYPE) == type;
}

/** ext4_file_run() - as ext4_map(), with the blocks at home: ext4_block_get() finds newer ones. */
MUST_CHECK err_t ext4_file_run(struct ext4 *fs, struct ext4_file *file, uint64_t block,
                               struct ext4_run *run);

/** ext4_file_block() - get one block of a file. ERR_NO_ENTRY: it has none there, or an unwritten one. */
MUST_CHECK err_t ext4_file_block(struct ext4 *fs, struct ext4_file *file, uint64_t number,
                                 struct ext4_block *block);

/** ext4_file_copy() - as ext4_read(), for every type of file. */
MUST_CHECK err_t ext4_file_copy(struct ext4 *fs, struct ext4_file *file, uint64_t offset,
                                struct ext4_memory into, size_t *done);

/** ext4_extent_root_check() - check the part of a file's extents that lies in the inode. */
MUST_CHECK err_t ext4_extent_root_check(struct ext4 *fs, const struct ext4_inode *inode);

/** ext4_extent_find() - the run that holds a block below 2^32, which may begin before it. */
MUST_CHECK err_t ext4_extent_find(struct ext4 *fs, const struct ext4_inode *inode, uint32_t block,
                                  struct ext4_run *run);

/** ext4_indirect_find() - the same for files with block numbers instead of extents. */
MUST_CHECK err_t ext4_indirect_find(struct ext4 *fs, const struct ext4_inode *inode, uint32_t block,
                                    struct ext4_run *run);

/** ext4_dir_block() - get a block of a directory, its checksum right. @is_index: not only entries. */
MUST_CHECK err_t ext4_dir_block(struct ext4 *fs, struct ext4_file *dir, uint64_t number,
                                struct ext4_block *block, bool *is_index);

/** ext4_dir_search() - look for entry->name in a block. @number: of the block, in the directory. */
MUST_CHECK err_t ext4_dir_search(struct ext4 *fs, const struct ext4_block *block, uint64_t number,
                                 struct ext4_entry *entry);

/** ext4_htree_find() - as ext4_lookup(), by the index. */
MUST_CHECK err_t ext4_htree_find(struct ext4 *fs, struct ext4_file *dir, struct ext4_entry *entry);

/** ext4_hash() - the hash of a name in an index; false: the version is unknown. */
bool ext4_hash(const uint32_t seed[4], uint32_t version, const char *name, size_t length,
               uint32_t *hash);

/** ext4_journal_load() - scan the journal and fill fs->journal. @why: as in ext4_mount(). */
MUST_CHECK err_t ext4_journal_load(struct ext4 *fs, struct ext4_memory memory, const char **why);

/** ext4_journal_find() - where the newest copy of a block is. False: at home. */
bool ext4_journal_find(const struct ext4_journal *journal, uint64_t home,
                       const struct ext4_journal_slot **slot);

/** ext4_journal_room() - how many blocks a table of so many slots (a power of two, at least 4) holds. */
uint32_t ext4_journal_room(uint32_t slot_count);

/** ext4_journal_slot() - the slot of a block, made if there is none. NULL: no room. */
struct ext4_journal_slot *ext4_journal_slot(struct ext4_journal *journal, uint64_t home);
