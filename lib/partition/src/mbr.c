/* SPDX-License-Identifier: MIT */
/*
 * The table of the PC: four partitions, of which one may be a list of more. Must stay true: the list has at
 * most PARTITION_LOGICAL_MAX members and only goes forward.
 */
#include "internal.h"

enum { TYPE_EXTENDED = 0x05, TYPE_EXTENDED_LBA = 0x0f, TYPE_EXTENDED_LINUX = 0x85 };
enum { ENTRY_BYTES = 16, STATUS_ACTIVE = 0x80, FIRST_LOGICAL = 5 };

struct entry {
    uint64_t first;
    uint64_t count;
    uint8_t status;
    uint8_t type;
};

/* The partition that the list of logical ones lies in. */
struct extended {
    uint64_t first;
    uint64_t count;
};

static struct entry entry_read(const struct partition_table *table, uint32_t i)
{
    const uint8_t *at = (const uint8_t *)table->sector + MBR_ENTRIES_OFFSET + ENTRY_BYTES * i;

    return (struct entry){
        .first = partition_number(at + 8, 4),
        .count = partition_number(at + 12, 4),
        .status = at[0],
        .type = at[4],
    };
}

static bool is_extended(uint8_t type)
{
    return type == TYPE_EXTENDED || type == TYPE_EXTENDED_LBA || type == TYPE_EXTENDED_LINUX;
}

static bool is_used(const struct entry *entry)
{
    return entry->type != 0 && entry->count != 0;
}

static void entry_add(struct partition_table *table, const struct entry *entry, uint64_t base,
                      uint32_t number)
{
    struct partition partition = {
        .first = base + entry->first,
        .count = entry->count,
        .number = number,
        .mbr_type = entry->type,
        .is_bootable = entry->status == STATUS_ACTIVE,
    };

    partition_add(table, &partition);
}

static err_t logical_damaged(struct partition_table *table)
{
    table->why = "the list of logical partitions is damaged";
    return ERR_DAMAGED;
}

/* The list: each sector has a partition, counted from that sector, and the next, counted from the first. */
static err_t logical_read(const struct partition_disk *disk, struct partition_table *table,
                          struct extended extended)
{
    const uint8_t *sector = table->sector;
    uint64_t at = 0;

    for (uint32_t i = 0; i < PARTITION_LOGICAL_MAX; i++) {
        struct entry own;
        struct entry next;
        err_t err;

        err = disk->read(disk->context, extended.first + at, table->sector);
        if (err) {
            return err;
        }
        if (sector[MBR_MAGIC_OFFSET] != 0x55 || sector[MBR_MAGIC_OFFSET + 1] != 0xaa) {
            return logical_damaged(table);
        }
        own = entry_read(table, 0);
        next = entry_read(table, 1);
        if (is_used(&own)) {
            if (own.first == 0 || at + own.first + own.count > extended.count) {
                return logical_damaged(table);
            }
            entry_add(table, &own, extended.first + at, FIRST_LOGICAL + i);
        }
        if (!is_used(&next) || !is_extended(next.type)) {
            return ERR_OK;
        }
        if (next.first <= at || next.first >= extended.count) {
            return logical_damaged(table);
        }
        at = next.first;
    }
    return logical_damaged(table);
}

err_t partition_mbr_read(const struct partition_disk *disk, struct partition_table *table)
{
    struct extended extended = { 0 };

    table->disk_id = (uint32_t)partition_number((const uint8_t *)table->sector + MBR_ID_OFFSET, 4);
    for (uint32_t i = 0; i < MBR_ENTRIES; i++) {
        struct entry entry = entry_read(table, i);

        /* The same magic ends every boot sector, of file systems too: there this is code or text. */
        if (entry.status != 0 && entry.status != STATUS_ACTIVE) {
            table->count = 0;
            return ERR_NO_ENTRY;
        }
        if (!is_used(&entry)) {
            continue;
        }
        if (!is_extended(entry.type)) {
            entry_add(table, &entry, 0, i + 1);
        } else if (extended.count == 0) {
            extended = (struct extended){ entry.first, entry.count };
        } else {
            return logical_damaged(table);
        }
    }
    table->kind = PARTITION_MBR;
    table->why = "";
    if (extended.count == 0) {
        return ERR_OK;
    }
    if (extended.first >= disk->sector_count ||
        extended.count > disk->sector_count - extended.first) {
        return logical_damaged(table);
    }
    /* Against a partition that lies over the list itself. */
    for (uint32_t i = 0; i < table->count && i < table->room; i++) {
        const struct partition *other = &table->list[i];

        if (other->first < extended.first + extended.count &&
            extended.first < other->first + other->count) {
            return logical_damaged(table);
        }
    }
    return logical_read(disk, table, extended);
}
