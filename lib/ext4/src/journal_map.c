/* SPDX-License-Identifier: MIT */
/* The table of blocks that the journal speaks of: open addressing, linear probing, never full. */
#include "internal.h"

uint32_t ext4_journal_room(uint32_t slot_count)
{
    /* A quarter stays free, so that probes stay short. */
    return slot_count - slot_count / 4 - 1;
}

static uint32_t slot_start(const struct ext4_journal *journal, uint64_t home)
{
    /* Fibonacci hashing: neighbours are spread by the upper bits of the product. */
    return (uint32_t)((home * 0x9e3779b97f4a7c15u) >> 32) & (journal->slot_count - 1);
}

/* The slot of a block, or the free one where it would be. */
static struct ext4_journal_slot *slot_find(const struct ext4_journal *journal, uint64_t home)
{
    uint32_t at = slot_start(journal, home);

    while (journal->slots[at].is_used && journal->slots[at].home != home) {
        at = (at + 1) & (journal->slot_count - 1);
    }
    return &journal->slots[at];
}

bool ext4_journal_find(const struct ext4_journal *journal, uint64_t home,
                       const struct ext4_journal_slot **slot)
{
    *slot = slot_find(journal, home);
    return (*slot)->copy != 0;
}

struct ext4_journal_slot *ext4_journal_slot(struct ext4_journal *journal, uint64_t home)
{
    struct ext4_journal_slot *slot;

    slot = slot_find(journal, home);
    if (!slot->is_used) {
        if (journal->used >= ext4_journal_room(journal->slot_count)) {
            return NULL;
        }
        journal->used++;
        slot->is_used = 1;
        slot->home = home;
    }
    return slot;
}
