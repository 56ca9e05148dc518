/* SPDX-License-Identifier: MIT */
/* The journal (jbd2) on the disk. All numbers are big-endian, whatever machine wrote them. */
#pragma once

#include <stdint.h>

typedef struct {
    uint8_t bytes[2];
} be16_t;

typedef struct {
    uint8_t bytes[4];
} be32_t;

static inline uint32_t be16(be16_t value)
{
    return (uint32_t)value.bytes[0] << 8 | value.bytes[1];
}

static inline uint32_t be32(be32_t value)
{
    return (uint32_t)value.bytes[0] << 24 | (uint32_t)value.bytes[1] << 16 |
           (uint32_t)value.bytes[2] << 8 | value.bytes[3];
}

enum { JOURNAL_SUPER_BYTES = 1024, JOURNAL_TAIL_BYTES = 4 };
#define JOURNAL_MAGIC 0xc03b3998u

enum journal_kind {
    JOURNAL_DESCRIPTOR = 1,
    JOURNAL_COMMIT = 2,
    JOURNAL_SUPER_V1 = 3,
    JOURNAL_SUPER_V2 = 4,
    JOURNAL_REVOKE = 5,
};

enum journal_compat { JOURNAL_COMPAT_CHECKSUM = 0x1 };

enum journal_incompat {
    JOURNAL_INCOMPAT_REVOKE = 0x1,
    JOURNAL_INCOMPAT_64BIT = 0x2,
    JOURNAL_INCOMPAT_ASYNC_COMMIT = 0x4,
    JOURNAL_INCOMPAT_CSUM_V2 = 0x8,
    JOURNAL_INCOMPAT_CSUM_V3 = 0x10,
};

struct journal_header {
    be32_t magic;
    be32_t kind;
    be32_t transaction;
};

struct journal_super_disk {
    struct journal_header header;
    be32_t block_bytes;
    be32_t block_count;
    be32_t first;       /* block of the log */
    be32_t transaction; /* expected at start */
    be32_t start;       /* block where the log begins; 0: it is empty */
    be32_t error;
    /* Version 2. */
    be32_t compat;
    be32_t incompat;
    be32_t ro_compat;
    uint8_t uuid[16];
    be32_t users;
    be32_t copy_of_super;
    be32_t transaction_max;
    be32_t transaction_data_max;
    uint8_t checksum_type;
    uint8_t unused[0xfc - 0x51];
    be32_t checksum;
    uint8_t user_uuids[768];
};
_Static_assert(sizeof(struct journal_super_disk) == JOURNAL_SUPER_BYTES, "the format");

enum journal_tag_flags {
    JOURNAL_TAG_ESCAPED = 0x1,
    JOURNAL_TAG_SAME_UUID = 0x2, /* not followed by 16 bytes of UUID */
    JOURNAL_TAG_LAST = 0x8,
};

/* Version 3 of checksums. */
struct journal_tag3 {
    be32_t home_low;
    be32_t flags;
    be32_t home_high;
    be32_t checksum;
};

/* Else: 8 bytes, with 64BIT 12 bytes; 2 unused ones more with version 2 of checksums. */
struct journal_tag {
    be32_t home_low;
    be16_t checksum;
    be16_t flags;
    be32_t home_high;
};
_Static_assert(sizeof(struct journal_tag3) == 16 && sizeof(struct journal_tag) == 12, "the format");

struct journal_commit {
    struct journal_header header;
    uint8_t checksum_type;
    uint8_t checksum_bytes;
    uint8_t unused[2];
    be32_t checksum[8];
    be32_t seconds_high;
    be32_t seconds_low;
    be32_t nanoseconds;
};

struct journal_revoke {
    struct journal_header header;
    be32_t bytes; /* used, from the block's start */
};
_Static_assert(sizeof(struct journal_commit) == 60 && sizeof(struct journal_revoke) == 16,
               "the format");
