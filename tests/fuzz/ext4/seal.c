/* SPDX-License-Identifier: MIT */
/* Checksums made right, written from the format's description and not from the library. */
#include <string.h>

#include "ext4/crc.h"
#include "fuzz.h"

enum { GENERATION = 0x64, EXTENT_MAGIC = 0xf30a, TAIL_BYTES = 12, JOURNAL_BYTES = 1024 };

static uint32_t get32(const uint8_t *at)
{
    uint32_t value;

    memcpy(&value, at, sizeof(value));
    return value;
}

static uint32_t get16(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8;
}

static void put32(uint8_t *at, uint32_t value)
{
    memcpy(at, &value, sizeof(value));
}

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

static void put32_big(uint8_t *at, uint32_t value)
{
    put32(at, __builtin_bswap32(value));
}

static uint32_t inode_seed(const struct image *image, uint32_t number, const uint8_t *inode)
{
    uint32_t crc = ext4_crc32c(image->super.checksum_seed, &number, sizeof(number));

    return ext4_crc32c(crc, inode + GENERATION, 4);
}

static void inode_seal(const struct image *image, uint32_t number, uint8_t *inode)
{
    bool is_large = image->super.inode_bytes > 128;
    bool has_high = is_large && get16(inode + 0x80) >= 4;
    uint32_t crc;

    put16(inode + 0x7c, 0);
    if (has_high) {
        put16(inode + 0x82, 0);
    }
    crc = ext4_crc32c(inode_seed(image, number, inode), inode, image->super.inode_bytes);
    put16(inode + 0x7c, crc);
    if (has_high) {
        put16(inode + 0x82, crc >> 16);
    }
}

static void group_seal(const struct image *image, uint32_t group, uint8_t *desc)
{
    put16(desc + 0x1e, 0);
    if (image->super.has_checksums) {
        uint32_t crc = ext4_crc32c(image->super.checksum_seed, &group, sizeof(group));

        put16(desc + 0x1e, ext4_crc32c(crc, desc, image->super.desc_bytes));
    }
}

static void index_seal(uint32_t seed, uint8_t *block, uint32_t offset, uint32_t bytes)
{
    uint32_t limit = get16(block + offset);
    uint32_t count = get16(block + offset + 2);
    uint32_t tail = offset + 8 * limit;
    uint32_t crc;

    if (tail + 8 > bytes || offset + 8 * count > bytes) {
        return;
    }
    put32(block + tail + 4, 0);
    crc = ext4_crc32c(seed, block, offset + 8 * count);
    put32(block + tail + 4, ext4_crc32c(crc, block + tail, 8));
}

/* What kind of block of a directory it is, it says itself; a first block may be of two kinds. */
static void dir_seal(uint32_t seed, uint8_t *block, uint32_t bytes)
{
    uint8_t *tail = block + bytes - TAIL_BYTES;

    if (get32(block) == 0 && get16(block + 4) == bytes) {
        index_seal(seed, block, 8, bytes);
    } else if (get16(tail + 4) == TAIL_BYTES && tail[7] == 0xde) {
        put32(tail + 8, ext4_crc32c(seed, block, bytes - TAIL_BYTES));
    } else {
        index_seal(seed, block, 32, bytes);
    }
}

static void extents_seal(uint32_t seed, uint8_t *block, uint32_t bytes)
{
    uint32_t end = 12 + 12 * get16(block + 4);

    if (get16(block) == EXTENT_MAGIC && end + 4 <= bytes) {
        put32(block + end, ext4_crc32c(seed, block, end));
    }
}

/* With the UUID of the journal, which is in its first block, as seed. */
static void journal_seal(const struct image *image, const uint8_t *super, uint8_t *block)
{
    uint32_t bytes = image->super.block_bytes;
    uint32_t seed = ext4_crc32c(UINT32_MAX, super + 0x30, 16);

    switch (block[7]) {
    case 4:
        put32(block + 0xfc, 0);
        put32_big(block + 0xfc, ext4_crc32c(UINT32_MAX, block, JOURNAL_BYTES));
        break;
    case 2:
        put32(block + 16, 0);
        put32_big(block + 16, ext4_crc32c(seed, block, bytes));
        break;
    case 1:
    case 5:
        put32(block + bytes - 4, 0);
        put32_big(block + bytes - 4, ext4_crc32c(seed, block, bytes));
        break;
    default:
        break;
    }
}

static const uint8_t *journal_super(const struct seed *seed)
{
    for (uint32_t i = 0; i < seed->targets.count; i++) {
        if (seed->targets.list[i].kind == TARGET_JOURNAL) {
            return seed->image.bytes + seed->targets.list[i].offset;
        }
    }
    return NULL;
}

static uint32_t owner_seed(const struct seed *seed, uint32_t owner)
{
    for (uint32_t i = 0; i < seed->targets.count; i++) {
        const struct target *target = &seed->targets.list[i];

        if (target->kind == TARGET_INODE && target->owner == owner) {
            return inode_seed(&seed->image, owner, seed->image.bytes + target->offset);
        }
    }
    return 0;
}

void seal(struct seed *seed, const struct target *target)
{
    struct image *image = &seed->image;
    uint8_t *at = image->bytes + target->offset;

    switch (target->kind) {
    case TARGET_SUPER:
        put32(at + 0x3fc, ext4_crc32c(UINT32_MAX, at, 0x3fc));
        break;
    case TARGET_GROUP:
        group_seal(image, target->owner, at);
        break;
    case TARGET_INODE:
        inode_seal(image, target->owner, at);
        break;
    case TARGET_EXTENTS:
        extents_seal(owner_seed(seed, target->owner), at, target->bytes);
        break;
    case TARGET_DIR:
        dir_seal(owner_seed(seed, target->owner), at, target->bytes);
        break;
    case TARGET_JOURNAL:
        journal_seal(image, journal_super(seed), at);
        break;
    }
}
