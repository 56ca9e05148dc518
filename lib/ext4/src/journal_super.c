/* SPDX-License-Identifier: MIT */
/* The superblock of the journal, every number in it bounded. */
#include "journal.h"

#include "ext4/crc.h"

enum { CHECKSUM_CRC32C_JOURNAL = 4 };

#define INCOMPAT_KNOWN                                                                             \
    (JOURNAL_INCOMPAT_REVOKE | JOURNAL_INCOMPAT_64BIT | JOURNAL_INCOMPAT_ASYNC_COMMIT |            \
     JOURNAL_INCOMPAT_CSUM_V2 | JOURNAL_INCOMPAT_CSUM_V3)

err_t ext4_log_damaged(struct log *log, enum ext4_reason reason, uint64_t where)
{
    return ext4_damaged(log->fs, reason, where);
}

/* Get a block of the journal; the log itself is never mapped elsewhere. */
err_t ext4_log_block(struct log *log, uint32_t number, struct ext4_block *block)
{
    err_t err = ext4_file_block(log->fs, &log->file, number, block);

    return err == ERR_NO_ENTRY ? ext4_log_damaged(log, EXT4_REASON_JOURNAL_INODE, number) : err;
}

uint32_t ext4_log_sum(uint32_t seed, const void *data, size_t hole, size_t bytes)
{
    static const be32_t zero32;
    uint32_t crc = ext4_crc32c(seed, data, hole);

    crc = ext4_crc32c(crc, &zero32, sizeof(zero32));
    return ext4_crc32c(crc, (const uint8_t *)data + hole + sizeof(zero32),
                       bytes - hole - sizeof(zero32));
}

/* Features and checksum of the journal's superblock. */
static err_t super_features(struct log *log, const struct journal_super_disk *disk,
                            const char **why)
{
    uint32_t compat = be32(disk->compat);
    uint32_t csums = JOURNAL_INCOMPAT_CSUM_V2 | JOURNAL_INCOMPAT_CSUM_V3;

    log->incompat = be32(disk->incompat);
    log->has_sums = (compat & JOURNAL_COMPAT_CHECKSUM) != 0;
    if ((log->incompat & ~(uint32_t)INCOMPAT_KNOWN) != 0) {
        *why = "its journal needs recovery, and has a feature that is not known here";
        return ERR_WRONG_TYPE;
    }
    if ((log->incompat & csums) == 0) {
        return ERR_OK;
    }
    log->tail_bytes = JOURNAL_TAIL_BYTES;
    log->seed = ext4_crc32c(UINT32_MAX, disk->uuid, sizeof(disk->uuid));
    if ((log->incompat & csums) == csums || log->has_sums ||
        disk->checksum_type != CHECKSUM_CRC32C_JOURNAL) {
        *why = "its journal has several kinds of checksums, or unknown ones";
        return ERR_WRONG_TYPE;
    }
    if (ext4_log_sum(UINT32_MAX, disk, offsetof(struct journal_super_disk, checksum),
                     sizeof(*disk)) != be32(disk->checksum)) {
        *why = "the checksum of its journal's superblock is wrong";
        return ERR_DAMAGED;
    }
    return ERR_OK;
}

static err_t super_read(struct log *log, const struct journal_super_disk *disk, const char **why)
{
    uint32_t kind = be32(disk->header.kind);
    uint32_t block_bytes = log->fs->super.block_bytes;
    err_t err;

    *why = "the superblock of its journal is damaged";
    if (be32(disk->header.magic) != JOURNAL_MAGIC ||
        (kind != JOURNAL_SUPER_V1 && kind != JOURNAL_SUPER_V2)) {
        return ERR_DAMAGED;
    }
    if (kind == JOURNAL_SUPER_V2) {
        err = super_features(log, disk, why);
        if (err) {
            return err;
        }
    }
    log->first = be32(disk->first);
    log->end_block = be32(disk->block_count);
    log->start = be32(disk->start);
    log->transaction_first = be32(disk->transaction);
    if (be32(disk->block_bytes) != block_bytes || log->first == 0 || log->first >= log->end_block ||
        log->end_block > log->file.inode.size_bytes / block_bytes ||
        (log->start != 0 && (log->start < log->first || log->start >= log->end_block))) {
        return ERR_DAMAGED;
    }
    return ERR_OK;
}

err_t ext4_log_open(struct log *log, const char **why)
{
    struct ext4_block block;
    err_t err;

    err = ext4_open(log->fs, log->fs->super.journal_inode, &log->file);
    if (!err && !ext4_inode_is(&log->file.inode, MODE_FILE)) {
        err = ERR_NO_ENTRY;
    }
    if (!err) {
        err = ext4_log_block(log, 0, &block);
    }
    if (err) {
        *why = "its journal cannot be read";
        return err == ERR_NO_ENTRY ? ext4_log_damaged(log, EXT4_REASON_JOURNAL_INODE, 0) : err;
    }
    err = super_read(log, block.data, why);
    ext4_block_put(log->fs, &block);
    return err == ERR_DAMAGED ? ext4_log_damaged(log, EXT4_REASON_JOURNAL_SUPER, block.number)
                              : err;
}
