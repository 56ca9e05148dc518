/* SPDX-License-Identifier: MIT */
/* Must stay true: no block outside the file system is ever asked for. */
#include "internal.h"

enum { CHECK_BITS = 4, PARTS = 64 - CHECK_BITS, OWNER_SHIFT = 32, REASON_SHIFT = 56 };

static const char *const reason_texts[] = {
#define REASON(name, text) text,
#include "ext4/reasons.def"
#undef REASON
};

err_t ext4_damaged(struct ext4 *fs, enum ext4_reason reason, uint64_t where)
{
    uint64_t limit = (1ull << REASON_SHIFT) - 1;

    /* Statistics: nothing is ordered by them. */
    atomic_fetch_add_explicit(&fs->damage.count, 1, memory_order_relaxed);
    atomic_store_explicit(&fs->damage.last,
                          (uint64_t)reason << REASON_SHIFT | (where < limit ? where : limit),
                          memory_order_relaxed);
    return ERR_DAMAGED;
}

const char *ext4_damage_last(const struct ext4_damage *damage, uint64_t *where)
{
    uint64_t last = atomic_load_explicit(&damage->last, memory_order_relaxed);

    *where = last & ((1ull << REASON_SHIFT) - 1);
    return reason_texts[last >> REASON_SHIFT];
}

bool ext4_blocks_in_range(const struct ext4 *fs, uint64_t first, uint64_t count)
{
    return first > fs->super.first_data_block && first < fs->super.block_count &&
           count <= fs->super.block_count - first;
}

err_t ext4_block_get(struct ext4 *fs, uint64_t number, struct ext4_block *block)
{
    const struct ext4_journal_slot *slot;
    uint32_t flags = 0;
    err_t err;

    if (number >= fs->super.block_count) {
        return ext4_damaged(fs, EXT4_REASON_BLOCK_NUMBER, number);
    }
    if (fs->journal.copies != 0 && ext4_journal_find(&fs->journal, number, &slot)) {
        number = slot->copy;
        flags = slot->is_escaped ? EXT4_GET_ESCAPED : 0;
    }
    err = fs->blocks.get(fs->blocks.context, number, flags, block);
    block->number = number;
    return err;
}

void ext4_block_put(struct ext4 *fs, const struct ext4_block *block)
{
    fs->blocks.put(fs->blocks.context, block);
}

/*
 * Notes need no order: who reads one holds the same unchanging block that was checked. Two threads may
 * overwrite each other's, and then a check is done once more.
 */
static uint64_t note_read(const struct ext4_block *block)
{
    return block->state == NULL ? CHECK_NONE
                                : atomic_load_explicit(block->state, memory_order_relaxed);
}

static void note_write(const struct ext4_block *block, uint64_t note)
{
    if (block->state != NULL) {
        atomic_store_explicit(block->state, note, memory_order_relaxed);
    }
}

bool ext4_block_is_checked(const struct ext4_block *block, enum block_check check, uint32_t owner)
{
    return note_read(block) == ((uint64_t)check | (uint64_t)owner << OWNER_SHIFT);
}

void ext4_block_set_checked(const struct ext4_block *block, enum block_check check, uint32_t owner)
{
    note_write(block, (uint64_t)check | (uint64_t)owner << OWNER_SHIFT);
}

bool ext4_part_is_checked(const struct ext4_block *block, enum block_check check, uint32_t part)
{
    uint64_t note = note_read(block);

    return part < PARTS && (note & ((1u << CHECK_BITS) - 1)) == (uint64_t)check &&
           (note >> (CHECK_BITS + part) & 1) != 0;
}

void ext4_part_set_checked(const struct ext4_block *block, enum block_check check, uint32_t part)
{
    uint64_t note = note_read(block);

    if (part >= PARTS) {
        return;
    }
    if ((note & ((1u << CHECK_BITS) - 1)) != (uint64_t)check) {
        note = check;
    }
    note_write(block, note | 1ull << (CHECK_BITS + part));
}
