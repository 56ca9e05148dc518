/* SPDX-License-Identifier: MIT */
/*
 * The journal, read as jbd2 replays it, in three passes over the log: find its end, collect what was
 * revoked, collect the copies. Nothing is written: the result is the table in fs->journal.
 *
 * Must stay true: a pass looks at no block of the log twice, so it ends; the second and third pass stop
 * where the first found the end.
 */
#include "journal.h"

#include "ext4/crc.h"
#include "pith/string.h"

enum { CHECKSUM_CRC32 = 1, UUID_BYTES = 16, SLOTS_MIN = 4 };

/* One block that a descriptor announces. */
struct tag {
    uint64_t home;
    uint32_t flags;
    uint32_t checksum;
};

/* Step over a block of the log; there is one left. */
static void log_step(struct log *log)
{
    log->left--;
    log->at++;
    if (log->at == log->end_block) {
        log->at = log->first;
    }
}

/* Of descriptors and revoke blocks. */
static bool tail_is_right(const struct log *log, const void *data)
{
    size_t bytes = log->fs->super.block_bytes;
    const be32_t *tail = (const void *)((const uint8_t *)data + bytes - sizeof(*tail));

    return log->tail_bytes == 0 ||
           ext4_log_sum(log->seed, data, bytes - sizeof(*tail), bytes) == be32(*tail);
}

static bool commit_is_right(const struct log *log, const struct journal_commit *commit)
{
    if (log->has_sums) {
        uint32_t sum = be32(commit->checksum[0]);

        return (commit->checksum_type == CHECKSUM_CRC32 && commit->checksum_bytes == 4 &&
                sum == log->sum) ||
               (commit->checksum_type == 0 && commit->checksum_bytes == 0 && sum == 0);
    }
    return log->tail_bytes == 0 ||
           ext4_log_sum(log->seed, commit, offsetof(struct journal_commit, checksum),
                        log->fs->super.block_bytes) == be32(commit->checksum[0]);
}

/* The tag at *offset of a descriptor, which goes to the next; false: that was the last one. */
static bool tag_next(const struct log *log, const uint8_t *data, uint32_t *offset, struct tag *tag)
{
    bool is_v3 = (log->incompat & JOURNAL_INCOMPAT_CSUM_V3) != 0;
    bool is_64bit = (log->incompat & JOURNAL_INCOMPAT_64BIT) != 0;
    uint32_t bytes = is_v3 ? (uint32_t)sizeof(struct journal_tag3) : is_64bit ? 12 : 8;

    if ((log->incompat & JOURNAL_INCOMPAT_CSUM_V2) != 0) {
        bytes += 2;
    }
    if (*offset + bytes > log->fs->super.block_bytes - log->tail_bytes) {
        return false;
    }
    if (is_v3) {
        const struct journal_tag3 *disk = (const void *)(data + *offset);

        *tag = (struct tag){ be32(disk->home_low), be32(disk->flags), be32(disk->checksum) };
        tag->home |= is_64bit ? (uint64_t)be32(disk->home_high) << 32 : 0;
    } else {
        const struct journal_tag *disk = (const void *)(data + *offset);

        *tag = (struct tag){ be32(disk->home_low), be16(disk->flags), be16(disk->checksum) };
        tag->home |= is_64bit ? (uint64_t)be32(disk->home_high) << 32 : 0;
    }
    *offset += bytes + ((tag->flags & JOURNAL_TAG_SAME_UUID) != 0 ? 0 : UUID_BYTES);
    if ((tag->flags & JOURNAL_TAG_LAST) != 0) {
        *offset = log->fs->super.block_bytes;
    }
    return true;
}

static bool copy_is_right(const struct log *log, const struct tag *tag, const void *data)
{
    uint32_t number = log->transaction;
    be32_t bytes = { { (uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8),
                       (uint8_t)number } };
    uint32_t crc;

    if (log->tail_bytes == 0) {
        return true;
    }
    crc = ext4_crc32c(log->seed, &bytes, sizeof(bytes));
    crc = ext4_crc32c(crc, data, log->fs->super.block_bytes);
    return (log->incompat & JOURNAL_INCOMPAT_CSUM_V3) != 0 ? crc == tag->checksum
                                                           : (crc & 0xffff) == tag->checksum;
}

static bool is_later(uint32_t transaction, uint32_t than)
{
    return (int32_t)(transaction - than) > 0;
}

/* Note that the block of the log at log->at is the newest copy of another. */
static err_t copy_add(struct log *log, const struct tag *tag)
{
    const struct ext4_super *super = &log->fs->super;
    struct ext4_journal_slot *slot;
    struct ext4_block block;
    bool is_right;
    err_t err;

    if (tag->home >= super->device_bytes / super->block_bytes) {
        return ext4_log_damaged(log, EXT4_REASON_JOURNAL_DESCRIPTOR, log->at);
    }
    slot = ext4_journal_slot(&log->fs->journal, tag->home);
    if (slot == NULL) {
        return ERR_NO_MEMORY;
    }
    if (slot->is_revoked && !is_later(log->transaction, slot->revoked)) {
        return ERR_OK;
    }
    err = ext4_log_block(log, log->at, &block);
    if (err) {
        return err;
    }
    is_right = copy_is_right(log, tag, block.data);
    slot->copy = block.number;
    slot->is_escaped = (tag->flags & JOURNAL_TAG_ESCAPED) != 0;
    ext4_block_put(log->fs, &block);
    return is_right ? ERR_OK : ext4_log_damaged(log, EXT4_REASON_JOURNAL_DATA, log->at);
}

/* The old checksum goes over every block of the transaction. */
static err_t sum_add(struct log *log)
{
    struct ext4_block block;
    err_t err = ext4_log_block(log, log->at, &block);

    if (!err) {
        log->sum = ext4_crc32(log->sum, block.data, log->fs->super.block_bytes);
        ext4_block_put(log->fs, &block);
    }
    return err;
}

/* ERR_GONE from here on: the log ends before this transaction. */
static err_t descriptor_read(struct log *log, const struct ext4_block *block, uint32_t number)
{
    uint32_t offset = sizeof(struct journal_header);
    struct tag tag;

    if (!tail_is_right(log, block->data)) {
        if (log->pass != PASS_SCAN) {
            return ext4_log_damaged(log, EXT4_REASON_JOURNAL_DESCRIPTOR, number);
        }
        log->is_doubtful = true;
    }
    if (log->has_sums) {
        log->sum = ext4_crc32(log->sum, block->data, log->fs->super.block_bytes);
    }
    while (tag_next(log, block->data, &offset, &tag)) {
        err_t err = ERR_OK;

        if (log->left == 0) {
            return ERR_GONE;
        }
        if (log->pass == PASS_SCAN) {
            log->records++;
            err = log->has_sums ? sum_add(log) : ERR_OK;
        } else if (log->pass == PASS_COPY) {
            err = copy_add(log, &tag);
        }
        if (err) {
            return err;
        }
        log_step(log);
    }
    return ERR_OK;
}

static err_t revoke_add(struct log *log, uint64_t home)
{
    struct ext4_journal_slot *slot = ext4_journal_slot(&log->fs->journal, home);

    if (slot == NULL) {
        return ERR_NO_MEMORY;
    }
    if (!slot->is_revoked || is_later(log->transaction, slot->revoked)) {
        slot->revoked = log->transaction;
        slot->is_revoked = 1;
    }
    return ERR_OK;
}

static err_t revoke_read(struct log *log, const struct ext4_block *block, uint32_t number)
{
    const struct journal_revoke *revoke = block->data;
    bool is_64bit = (log->incompat & JOURNAL_INCOMPAT_64BIT) != 0;
    uint32_t bytes = is_64bit ? 8 : 4;
    uint32_t end = be32(revoke->bytes);

    if (log->pass == PASS_COPY) {
        return ERR_OK;
    }
    if (log->pass == PASS_SCAN) {
        log->is_doubtful |= !tail_is_right(log, block->data);
        log->records += log->fs->super.block_bytes / bytes;
        return ERR_OK;
    }
    if (end > log->fs->super.block_bytes - log->tail_bytes || !tail_is_right(log, block->data)) {
        return ext4_log_damaged(log, EXT4_REASON_JOURNAL_REVOKE, number);
    }
    for (uint32_t at = sizeof(*revoke); at + bytes <= end; at += bytes) {
        const be32_t *words = (const void *)((const uint8_t *)block->data + at);
        uint64_t home = be32(words[0]);
        err_t err;

        if (is_64bit) {
            home = home << 32 | be32(words[1]);
        }
        err = revoke_add(log, home);
        if (err) {
            return err;
        }
    }
    return ERR_OK;
}

static err_t commit_read(struct log *log, const struct journal_commit *commit)
{
    uint64_t seconds = (uint64_t)be32(commit->seconds_high) << 32 | be32(commit->seconds_low);
    bool is_older = seconds < log->committed_seconds;

    if (log->pass == PASS_SCAN) {
        /* With a wrong checksum it is a leftover of an earlier round, if it is older; else damage. */
        if (log->is_doubtful) {
            return is_older
                       ? ERR_GONE
                       : ext4_log_damaged(log, EXT4_REASON_JOURNAL_TRANSACTION, log->transaction);
        }
        if (!commit_is_right(log, commit)) {
            if (!is_older) {
                (void)ext4_log_damaged(log, EXT4_REASON_JOURNAL_TRANSACTION, log->transaction);
            }
            return ERR_GONE;
        }
        log->committed_seconds = seconds;
    }
    log->transaction++;
    log->sum = UINT32_MAX;
    return ERR_OK;
}

static err_t block_read(struct log *log, const struct ext4_block *block, uint32_t number)
{
    const struct journal_header *header = block->data;

    if (be32(header->magic) != JOURNAL_MAGIC || be32(header->transaction) != log->transaction) {
        return ERR_GONE;
    }
    switch (be32(header->kind)) {
    case JOURNAL_DESCRIPTOR:
        return descriptor_read(log, block, number);
    case JOURNAL_REVOKE:
        return revoke_read(log, block, number);
    case JOURNAL_COMMIT:
        return commit_read(log, block->data);
    default:
        return ERR_GONE;
    }
}

static err_t pass_run(struct log *log, enum pass pass)
{
    err_t err = ERR_OK;

    log->pass = pass;
    log->at = log->start;
    log->left = log->end_block - log->first;
    log->transaction = log->transaction_first;
    log->sum = UINT32_MAX;
    log->is_doubtful = false;
    while (!err && log->left > 0 &&
           (pass == PASS_SCAN || log->transaction != log->transaction_end)) {
        uint32_t number = log->at;
        struct ext4_block block;

        err = ext4_log_block(log, number, &block);
        if (err) {
            return err;
        }
        log_step(log);
        err = block_read(log, &block, number);
        ext4_block_put(log->fs, &block);
    }
    if (pass == PASS_SCAN) {
        log->transaction_end = log->transaction;
    }
    return err == ERR_GONE ? ERR_OK : err;
}

/* Lay the table out in the caller's memory; false: it is too small. */
static bool table_make(struct ext4_journal *journal, struct ext4_memory memory, uint64_t records)
{
    uint64_t count = SLOTS_MIN;

    while (records > ext4_journal_room((uint32_t)count) && count < 1ull << 31) {
        count *= 2;
    }
    journal->wanted_bytes = (size_t)count * sizeof(struct ext4_journal_slot);
    while (count > SLOTS_MIN && count * sizeof(struct ext4_journal_slot) > memory.bytes) {
        count /= 2; /* records are counted too high, it may be enough */
    }
    if (count * sizeof(struct ext4_journal_slot) > memory.bytes) {
        return false;
    }
    journal->slots = memory.start;
    journal->slot_count = (uint32_t)count;
    memset(journal->slots, 0, (size_t)count * sizeof(struct ext4_journal_slot));
    return true;
}

static uint32_t copies_count(const struct ext4_journal *journal)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < journal->slot_count; i++) {
        count += journal->slots[i].copy != 0;
    }
    return count;
}

err_t ext4_journal_load(struct ext4 *fs, struct ext4_memory memory, const char **why)
{
    struct log log = { .fs = fs };
    err_t err;

    err = ext4_log_open(&log, why);
    if (err || log.start == 0) {
        return err;
    }
    *why = "its journal is damaged";
    err = pass_run(&log, PASS_SCAN);
    if (err) {
        return err;
    }
    if (!table_make(&fs->journal, memory, log.records)) {
        err = ERR_NO_MEMORY;
    }
    for (enum pass pass = PASS_REVOKE; !err && pass <= PASS_COPY; pass++) {
        err = pass_run(&log, pass);
    }
    if (err) {
        *why = err == ERR_NO_MEMORY ? "the memory for its journal is too small" : *why;
        return err;
    }
    fs->journal.first = log.transaction_first;
    fs->journal.end = log.transaction_end;
    /* From here on blocks come from the journal. */
    fs->journal.copies = copies_count(&fs->journal);
    return ERR_OK;
}
