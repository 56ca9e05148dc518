/* SPDX-License-Identifier: MIT */
/* Which kind of table it is, and what holds for every kind. */
#include "internal.h"

enum { SECTOR_BYTES_MIN = 512, SECTOR_BYTES_MAX = 4096 };

uint64_t partition_number(const void *at, uint32_t bytes)
{
    const uint8_t *from = at;
    uint64_t number = 0;

    for (uint32_t i = 0; i < bytes; i++) {
        number |= (uint64_t)from[i] << (8 * i);
    }
    return number;
}

void partition_add(struct partition_table *table, const struct partition *partition)
{
    if (table->count < table->room) {
        table->list[table->count] = *partition;
    }
    table->count++;
}

static bool partitions_overlap(const struct partition *a, const struct partition *b)
{
    return a->first < b->first + b->count && b->first < a->first + a->count;
}

/* What is listed lies on the disk, and no sector is in two partitions. */
static err_t list_check(const struct partition_disk *disk, struct partition_table *table)
{
    for (uint32_t i = 0; i < table->count; i++) {
        const struct partition *partition = &table->list[i];

        if (partition->count == 0 || partition->first >= disk->sector_count ||
            partition->count > disk->sector_count - partition->first) {
            table->why = "a partition reaches beyond the end of the disk";
            return ERR_DAMAGED;
        }
        for (uint32_t k = 0; k < i; k++) {
            if (partitions_overlap(partition, &table->list[k])) {
                table->why = "partitions overlap";
                return ERR_DAMAGED;
            }
        }
    }
    return ERR_OK;
}

static bool mbr_is_protective(const uint8_t *sector)
{
    for (uint32_t i = 0; i < MBR_ENTRIES; i++) {
        if (sector[MBR_ENTRIES_OFFSET + 16 * i + 4] == MBR_TYPE_GPT) {
            return true;
        }
    }
    return false;
}

err_t partition_table_read(const struct partition_disk *disk, struct partition_table *table)
{
    const uint8_t *sector = table->sector;
    err_t err;

    table->kind = PARTITION_NONE;
    table->count = 0;
    table->is_backup = false;
    table->why = "";
    if (disk->sector_bytes < SECTOR_BYTES_MIN || disk->sector_bytes > SECTOR_BYTES_MAX ||
        (disk->sector_bytes & (disk->sector_bytes - 1)) != 0) {
        return ERR_RANGE;
    }
    table->why = "there is no partition table";
    if (disk->sector_count == 0) {
        return ERR_NO_ENTRY;
    }
    err = disk->read(disk->context, 0, table->sector);
    if (err) {
        return err;
    }
    if (sector[MBR_MAGIC_OFFSET] != 0x55 || sector[MBR_MAGIC_OFFSET + 1] != 0xaa) {
        return ERR_NO_ENTRY;
    }
    if (mbr_is_protective(sector)) {
        err = partition_gpt_read(disk, table);
    } else {
        err = partition_mbr_read(disk, table);
    }
    if (err) {
        return err;
    }
    if (table->count > table->room) {
        table->why = "the list is too short";
        return ERR_NO_MEMORY;
    }
    return list_check(disk, table);
}
