/* SPDX-License-Identifier: MIT */
/*
 * The table of UEFI: a header in the second sector, one in the last, each with an array of entries, each with
 * checksums. Must stay true: what an entry says counts only once the checksum of all of them is right.
 */
#include "internal.h"
#include "pith/string.h"

/* Offsets in the header and in an entry; numbers are little-endian. */
enum {
    HEADER_REVISION = 8,
    HEADER_BYTES = 12,
    HEADER_CHECKSUM = 16,
    HEADER_MY_SECTOR = 24,
    HEADER_FIRST_USABLE = 40,
    HEADER_LAST_USABLE = 48,
    HEADER_GUID = 56,
    HEADER_ENTRIES = 72,
    HEADER_ENTRY_COUNT = 80,
    HEADER_ENTRY_BYTES = 84,
    HEADER_ENTRIES_CHECKSUM = 88,
    HEADER_BYTES_MIN = 92,
    ENTRY_GUID = 16,
    ENTRY_FIRST = 32,
    ENTRY_LAST = 40,
    ENTRY_ATTRIBUTES = 48,
    ENTRY_NAME = 56,
    ENTRY_BYTES_MIN = 128,
    NAME_CHARACTERS = 36,
    GUID_BYTES = 16,
};

#define REVISION_1 0x00010000u
#define ATTRIBUTE_BOOTABLE 4u

struct header {
    uint64_t first_usable, last_usable;
    uint64_t entries; /* sector */
    uint32_t entry_count, entry_bytes;
    uint32_t entries_checksum;
};

/* CRC-32 of Ethernet, by half bytes. */
static uint32_t crc32(uint32_t crc, const void *data, uint32_t bytes)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    const uint8_t *at = data;

    for (; bytes > 0; bytes--, at++) {
        crc = crc >> 4 ^ table[(crc ^ *at) & 15];
        crc = crc >> 4 ^ table[(crc ^ (uint32_t)*at >> 4) & 15];
    }
    return crc;
}

static bool header_checksum_is_right(const uint8_t *at, uint32_t bytes)
{
    static const uint32_t zero;
    uint32_t crc = crc32(UINT32_MAX, at, HEADER_CHECKSUM);

    crc = crc32(crc, &zero, sizeof(zero));
    crc = crc32(crc, at + HEADER_CHECKSUM + sizeof(zero),
                bytes - HEADER_CHECKSUM - (uint32_t)sizeof(zero));
    return ~crc == partition_number(at + HEADER_CHECKSUM, 4);
}

/* Read the header in a sector; NULL, or what is wrong. */
static const char *header_decode(const struct partition_disk *disk, struct partition_table *table,
                                 uint64_t sector, struct header *header)
{
    const uint8_t *at = table->sector;
    uint64_t bytes = partition_number(at + HEADER_BYTES, 4);
    uint64_t entries_sectors;

    if (memcmp(at, "EFI PART", 8) != 0 || partition_number(at + HEADER_REVISION, 4) != REVISION_1) {
        return "there is no GPT where the MBR says there is";
    }
    if (bytes < HEADER_BYTES_MIN || bytes > disk->sector_bytes ||
        !header_checksum_is_right(at, (uint32_t)bytes) ||
        partition_number(at + HEADER_MY_SECTOR, 8) != sector) {
        return "the checksum of the GPT's header is wrong";
    }
    *header = (struct header){
        .first_usable = partition_number(at + HEADER_FIRST_USABLE, 8),
        .last_usable = partition_number(at + HEADER_LAST_USABLE, 8),
        .entries = partition_number(at + HEADER_ENTRIES, 8),
        .entry_count = (uint32_t)partition_number(at + HEADER_ENTRY_COUNT, 4),
        .entry_bytes = (uint32_t)partition_number(at + HEADER_ENTRY_BYTES, 4),
        .entries_checksum = (uint32_t)partition_number(at + HEADER_ENTRIES_CHECKSUM, 4),
    };
    if (header->entry_count > PARTITION_ENTRIES_MAX || header->entry_bytes < ENTRY_BYTES_MIN ||
        (header->entry_bytes & (header->entry_bytes - 1)) != 0 ||
        header->entry_bytes > disk->sector_bytes) {
        return "the GPT's entries are of an unusual size or number";
    }
    entries_sectors =
        ((uint64_t)header->entry_count * header->entry_bytes + disk->sector_bytes - 1) /
        disk->sector_bytes;
    if (header->last_usable >= disk->sector_count || header->entries >= disk->sector_count ||
        entries_sectors > disk->sector_count - header->entries) {
        return "the GPT reaches beyond the end of the disk";
    }
    memcpy(table->guid, at + HEADER_GUID, GUID_BYTES);
    return NULL;
}

/* One character as UTF-8; gives its bytes. */
static uint32_t character_write(char *to, uint32_t code)
{
    if (code < 0x80) {
        to[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        to[0] = (char)(0xc0 | code >> 6);
        to[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        to[0] = (char)(0xe0 | code >> 12);
        to[1] = (char)(0x80 | (code >> 6 & 0x3f));
        to[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    to[0] = (char)(0xf0 | code >> 18);
    to[1] = (char)(0x80 | (code >> 12 & 0x3f));
    to[2] = (char)(0x80 | (code >> 6 & 0x3f));
    to[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

/* At most three bytes for each of 36 units: a pair of units makes four. */
static void name_decode(const uint8_t *at, char name[PARTITION_NAME_BYTES])
{
    uint32_t length = 0;

    for (uint32_t i = 0; i < NAME_CHARACTERS; i++) {
        uint32_t code = (uint32_t)partition_number(at + 2 * i, 2);

        if (code == 0) {
            break;
        }
        if (code >= 0xd800 && code < 0xe000) {
            uint32_t low =
                i + 1 < NAME_CHARACTERS ? (uint32_t)partition_number(at + 2 * i + 2, 2) : 0;

            if (code < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
                code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
                i++;
            } else {
                code = '?';
            }
        }
        length += character_write(name + length, code);
    }
    name[length] = 0;
}

/* NULL, or what is wrong. */
static const char *entry_decode(struct partition_table *table, const struct header *header,
                                const uint8_t *at, uint32_t number)
{
    static const uint8_t unused[GUID_BYTES];
    struct partition partition = { .number = number };
    uint64_t last = partition_number(at + ENTRY_LAST, 8);

    if (memcmp(at, unused, GUID_BYTES) == 0) {
        return NULL;
    }
    partition.first = partition_number(at + ENTRY_FIRST, 8);
    if (partition.first < header->first_usable || last < partition.first ||
        last > header->last_usable) {
        return "a partition lies outside what the GPT calls usable";
    }
    partition.count = last - partition.first + 1;
    partition.attributes = partition_number(at + ENTRY_ATTRIBUTES, 8);
    partition.is_bootable = (partition.attributes & ATTRIBUTE_BOOTABLE) != 0;
    memcpy(partition.type, at, GUID_BYTES);
    memcpy(partition.guid, at + ENTRY_GUID, GUID_BYTES);
    name_decode(at + ENTRY_NAME, partition.name);
    partition_add(table, &partition);
    return NULL;
}

static err_t entries_read(const struct partition_disk *disk, struct partition_table *table,
                          const struct header *header, const char **wrong)
{
    uint32_t left = header->entry_count * header->entry_bytes;
    uint32_t crc = UINT32_MAX;
    uint32_t number = 0;

    for (uint64_t sector = header->entries; left > 0; sector++) {
        uint32_t bytes = left < disk->sector_bytes ? left : disk->sector_bytes;
        err_t err = disk->read(disk->context, sector, table->sector);

        if (err) {
            return err;
        }
        crc = crc32(crc, table->sector, bytes);
        for (uint32_t at = 0; at < bytes && *wrong == NULL; at += header->entry_bytes) {
            *wrong = entry_decode(table, header, (const uint8_t *)table->sector + at, ++number);
        }
        left -= bytes;
    }
    if (~crc != header->entries_checksum) {
        *wrong = "the checksum of the GPT's entries is wrong";
    }
    return ERR_OK;
}

/* One of the two copies; ERR_DAMAGED with table->why. */
static err_t copy_read(const struct partition_disk *disk, struct partition_table *table,
                       uint64_t sector)
{
    struct header header;
    const char *wrong;
    err_t err;

    table->count = 0;
    err = disk->read(disk->context, sector, table->sector);
    if (err) {
        return err;
    }
    wrong = header_decode(disk, table, sector, &header);
    if (wrong == NULL) {
        err = entries_read(disk, table, &header, &wrong);
    }
    if (err || wrong != NULL) {
        table->count = 0;
        table->why = wrong != NULL ? wrong : table->why;
        return err ? err : ERR_DAMAGED;
    }
    return ERR_OK;
}

err_t partition_gpt_read(const struct partition_disk *disk, struct partition_table *table)
{
    err_t err;

    table->kind = PARTITION_GPT;
    table->why = "the disk is too small for a GPT";
    if (disk->sector_count < 3) {
        return ERR_DAMAGED;
    }
    table->why = "the GPT cannot be read";
    err = copy_read(disk, table, 1);
    if (!err) {
        table->why = "";
        return ERR_OK;
    }
    /* A sector that cannot be read is a reason, too. What is wrong with the first copy stays in why. */
    const char *why = table->why;
    err_t second = copy_read(disk, table, disk->sector_count - 1);

    table->why = why;
    table->is_backup = !second;
    return second == ERR_OK ? ERR_OK : err;
}
