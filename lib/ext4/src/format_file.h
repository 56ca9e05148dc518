/* SPDX-License-Identifier: MIT */
/* ext4 on the disk: extents, directories and their indices. */
#pragma once

#include <stdint.h>

enum { EXTENT_MAGIC = 0xf30a, EXTENT_DEPTH_MAX = 5, EXTENT_LENGTH_MAX = 32768, DIRECT_BLOCKS = 12 };

/* Followed by entries of 12 bytes: indices if depth is not 0, else extents. */
struct extent_header {
    uint16_t magic;
    uint16_t count;
    uint16_t count_max;
    uint16_t depth;
    uint32_t generation;
};

struct extent_index {
    uint32_t first;
    uint32_t child_low;
    uint16_t child_high;
    uint16_t unused;
};

struct extent {
    uint32_t first;
    uint16_t length; /* above EXTENT_LENGTH_MAX: less that, and unwritten */
    uint16_t disk_high;
    uint32_t disk_low;
};
_Static_assert(sizeof(struct extent_header) == 12 && sizeof(struct extent_index) == 12 &&
                   sizeof(struct extent) == 12,
               "the format");

/* Without INCOMPAT_FILETYPE, type is the upper half of name_length. */
struct dirent_disk {
    uint32_t inode; /* 0: unused */
    uint16_t record_bytes;
    uint8_t name_length;
    uint8_t type;
    char name[];
};

/* The last entry of a block of a directory, if there are checksums. */
struct dirent_tail {
    uint32_t zero;
    uint16_t record_bytes; /* 12 */
    uint8_t zero_length;
    uint8_t type; /* DIRENT_TAIL_TYPE */
    uint32_t checksum;
};
_Static_assert(sizeof(struct dirent_disk) == 8 && sizeof(struct dirent_tail) == 12, "the format");

enum { DIRENT_TAIL_TYPE = 0xde, DIRENT_BYTES_MIN = 12 };

/* In the first block of an indexed directory, behind "." and "..". */
struct htree_info {
    uint32_t zero;
    uint8_t hash_version;
    uint8_t info_bytes; /* 8 */
    uint8_t levels;     /* below the root */
    uint8_t flags;
};

/* An index block is an array of these; the first holds limit and count instead of a hash. */
struct htree_entry {
    uint32_t hash;
    uint32_t block; /* of the directory, in bits 0-27 */
};

struct htree_limit {
    uint16_t limit; /* entries that would fit, this one included */
    uint16_t count;
    uint32_t block;
};

struct htree_tail {
    uint32_t reserved;
    uint32_t checksum;
};
_Static_assert(sizeof(struct htree_info) == 8 && sizeof(struct htree_entry) == 8 &&
                   sizeof(struct htree_limit) == 8 && sizeof(struct htree_tail) == 8,
               "the format");

enum {
    HTREE_INFO_OFFSET = 24,
    HTREE_ROOT_OFFSET = 32, /* of the entries in the root */
    HTREE_NODE_OFFSET = 8,  /* and in other index blocks, behind one empty directory entry */
    HTREE_LEVELS_MAX = 3,
    HTREE_BLOCK_MASK = 0x0fffffff,
    HTREE_HASH_UNSIGNED = 3, /* added to a version */
};

enum htree_hash { HTREE_LEGACY, HTREE_HALF_MD4, HTREE_TEA };
