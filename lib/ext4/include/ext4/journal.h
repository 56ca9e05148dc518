/* SPDX-License-Identifier: MIT */
/*
 * The journal of a file system that was not unmounted. It is not written back: blocks that are newer in the
 * journal are taken from there. The map of them lies in memory of the caller.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct ext4_memory {
    void *start;
    size_t bytes;
};

/* One block that the journal says something about. */
struct ext4_journal_slot {
    uint64_t home;      /* block of the disk */
    uint64_t copy;      /* block of the disk, in the journal; 0: none */
    uint32_t revoked;   /* copies of this transaction and older ones do not count ... */
    uint8_t is_revoked; /* ... if set */
    uint8_t is_escaped;
    uint8_t is_used;
    uint8_t reserved;
};

/* Invariant: slots is a hash table with open addressing, slot_count a power of two or 0, never full. */
struct ext4_journal {
    struct ext4_journal_slot *slots; /* borrowed from who mounted */
    uint32_t slot_count;
    uint32_t used;
    size_t wanted_bytes; /* memory that is certainly enough for what the journal holds */
    uint32_t first, end; /* numbers of transactions: first..end-1 were taken over */
    uint32_t copies;     /* blocks that come from the journal */
};
