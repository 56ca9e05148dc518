/* SPDX-License-Identifier: MIT */
/* What the files of lib/partition use of each other, and the MBR on the disk. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "partition/partition.h"

enum { MBR_ENTRIES = 4, MBR_ENTRIES_OFFSET = 446, MBR_ID_OFFSET = 440, MBR_MAGIC_OFFSET = 510 };
enum { MBR_TYPE_GPT = 0xee };

/** partition_number() - a little-endian number of so many bytes. */
uint64_t partition_number(const void *at, uint32_t bytes);

/** partition_add() - count a partition, and list it if there is room. */
void partition_add(struct partition_table *table, const struct partition *partition);

/** partition_mbr_read() - list the partitions of the MBR in table->sector. */
MUST_CHECK err_t partition_mbr_read(const struct partition_disk *disk,
                                    struct partition_table *table);

/** partition_gpt_read() - list those of a GPT, or of its backup. */
MUST_CHECK err_t partition_gpt_read(const struct partition_disk *disk,
                                    struct partition_table *table);
