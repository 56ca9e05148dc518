/* SPDX-License-Identifier: MIT */
/* A journal while it is read, for the two files that read it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format_journal.h"
#include "internal.h"

enum pass { PASS_SCAN, PASS_REVOKE, PASS_COPY };
struct log {
    struct ext4 *fs;
    struct ext4_file file;

    /* From the superblock of the journal. */
    uint32_t first, end_block; /* the log goes round in first..end_block-1 */
    uint32_t start;            /* 0: there is nothing in it */
    uint32_t transaction_first;
    uint32_t incompat;
    uint32_t seed;       /* of checksums */
    uint32_t tail_bytes; /* checksum at the end of descriptors and revoke blocks */
    bool has_sums;       /* version 1 of checksums: in commit blocks, of all blocks before */

    /* What the first pass finds. */
    uint32_t transaction_end; /* first that does not count */
    uint64_t records;         /* copies and revocations, at most */

    /* Where a pass is. */
    enum pass pass;
    uint32_t at;
    uint32_t left; /* blocks until the log bites its tail */
    uint32_t transaction;
    uint32_t sum;
    bool
        is_doubtful; /* a checksum of this transaction is wrong; its commit block tells what that means */
    uint64_t committed_seconds; /* of the last commit block */
};

/** ext4_log_damaged() - as ext4_damaged(). */
err_t ext4_log_damaged(struct log *log, enum ext4_reason reason, uint64_t where);

/** ext4_log_block() - get a block of the journal, counted from its beginning. */
MUST_CHECK err_t ext4_log_block(struct log *log, uint32_t number, struct ext4_block *block);

/** ext4_log_sum() - CRC-32C of @bytes bytes, of which the four at @hole count as 0. */
uint32_t ext4_log_sum(uint32_t seed, const void *data, size_t hole, size_t bytes);

/** ext4_log_open() - open the journal and read its superblock. @why: as in ext4_mount(). */
MUST_CHECK err_t ext4_log_open(struct log *log, const char **why);
