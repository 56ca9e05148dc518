/* SPDX-License-Identifier: MIT */
/*
 * The partition tables of disks: MBR with logical partitions, and GPT with its backup.
 *
 * The library allocates nothing, keeps no state and takes no lock. Whatever the disk holds, it ends after a
 * bounded number of reads, and what it lists lies on the disk and does not overlap: partitions may be given
 * to programs that do not trust each other.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"

#define PARTITION_NAME_BYTES 109u /* 36 characters of UTF-16 as UTF-8, and a 0 */
#define PARTITION_LOGICAL_MAX 124u
#define PARTITION_ENTRIES_MAX 1024u /* in a GPT, used or not */

struct partition_disk {
    void *context;
    /* Reads one sector; may wait. */
    err_t (*read)(void *context, uint64_t sector, void *into);
    uint64_t sector_count;
    uint32_t sector_bytes; /* a power of two, 512..4096 */
};

struct partition {
    uint64_t first; /* sector */
    uint64_t count;
    uint64_t attributes; /* GPT only */
    uint32_t number;     /* as Linux counts: from 1; logical partitions from 5 */
    uint8_t mbr_type;    /* MBR only, never 0 */
    bool is_bootable;    /* MBR: active; GPT: the legacy attribute */
    uint8_t type[16];    /* GPT only: GUIDs as they lie on the disk */
    uint8_t guid[16];
    char name[PARTITION_NAME_BYTES]; /* GPT only; not well-formed UTF-16 becomes '?' */
};

enum partition_kind { PARTITION_NONE, PARTITION_MBR, PARTITION_GPT };

struct partition_table {
    /* Given by the caller, borrowed for the call. */
    struct partition *list;
    uint32_t room;
    void *sector; /* memory for one sector, at a multiple of 8 */

    /* Results. */
    enum partition_kind kind;
    uint32_t count;   /* of partitions; after ERR_NO_MEMORY more than room */
    uint32_t disk_id; /* MBR */
    uint8_t guid[16]; /* of the disk, GPT */
    bool
        is_backup; /* the first GPT is damaged as why says; this is the second, at the disk's end */
    const char *why; /* what is wrong, for people; never NULL */
};

/**
 * partition_table_read() - find and check the partition table of a disk, and list its partitions.
 *
 * Errors: ERR_NO_ENTRY   there is none.
 *         ERR_DAMAGED    there is one, but it is wrong (of a GPT, both copies), or partitions overlap.
 *         ERR_NO_MEMORY  the list is too short; count says how long it must be.
 *         ERR_RANGE      sector_bytes is not allowed.
 *         and whatever read() returns.
 */
MUST_CHECK err_t partition_table_read(const struct partition_disk *disk,
                                      struct partition_table *table);
