/* SPDX-License-Identifier: MIT */
/* Damage: bits, bytes, numbers that are likely to be wrong at a limit, pieces of other structures. */
#include <string.h>

#include "fuzz.h"

enum { TARGETS_MAX = 6, CHANGES_MAX = 4 };

static const struct target *damaged[TARGETS_MAX];
static uint32_t damaged_count;

/* A number that someone may have forgotten. */
static uint32_t number_pick(const struct image *image)
{
    const uint32_t numbers[] = { 0,
                                 1,
                                 2,
                                 0xffff,
                                 0x8000,
                                 0x8001,
                                 0x7fffffff,
                                 0x80000000,
                                 0xffffffff,
                                 0xfffffffe,
                                 (uint32_t)image->super.block_count,
                                 (uint32_t)image->super.block_count - 1,
                                 image->super.inode_count,
                                 image->super.inode_count + 1,
                                 image->super.block_bytes,
                                 image->super.block_bytes - 4,
                                 image->super.block_bytes / 8 };
    uint32_t pick = fuzz_random(sizeof(numbers) / sizeof(numbers[0]) + 3);

    if (pick < sizeof(numbers) / sizeof(numbers[0])) {
        return numbers[pick];
    }
    return pick % 3 == 0 ? fuzz_random((uint32_t)image->super.block_count)
                         : fuzz_random(image->super.inode_count);
}

static void change(struct image *image, const struct targets *targets, const struct target *target)
{
    uint8_t *at = image->bytes + target->offset;
    /* The beginning of a structure has more meaning than its middle. */
    uint32_t bytes = fuzz_random(2) == 0 && target->bytes > 64 ? 64 : target->bytes;
    uint32_t place = fuzz_random(bytes);
    uint32_t number = number_pick(image);

    switch (fuzz_random(6)) {
    case 0:
        at[place] ^= (uint8_t)(1u << fuzz_random(8));
        break;
    case 1:
        at[place] = (uint8_t)fuzz_random(256);
        break;
    case 2:
        memcpy(at + place / 2 * 2, &number, 2);
        break;
    case 3:
        memcpy(at + place / 4 * 4, &number, 4);
        break;
    case 4:
        number = __builtin_bswap32(number);
        memcpy(at + place / 4 * 4, &number, 4);
        break;
    default: {
        const struct target *other = &targets->list[fuzz_random(targets->count)];
        uint32_t length = fuzz_random(2) == 0 ? 12 : bytes;

        if (place + length > target->bytes) {
            place = 0;
        }
        if (length <= other->bytes && length <= target->bytes) {
            memmove(at + place, image->bytes + other->offset, length);
        }
        break;
    }
    }
}

/* Few structures are of a kind that is rare: choose the kind first. */
static const struct target *target_pick(const struct targets *targets)
{
    const struct target *target;
    uint32_t kind = fuzz_random(TARGET_JOURNAL + 1);
    uint32_t tries = 50;

    do {
        target = &targets->list[fuzz_random(targets->count)];
    } while (target->kind != (enum target_kind)kind && tries-- > 0);
    return target;
}

void mutate(struct seed *seed)
{
    uint32_t count = 1 + fuzz_random(TARGETS_MAX);
    bool is_sealed = fuzz_random(8) != 0;

    for (damaged_count = 0; damaged_count < count; damaged_count++) {
        const struct target *target = target_pick(&seed->targets);
        uint32_t changes = 1 + fuzz_random(CHANGES_MAX);

        damaged[damaged_count] = target;
        while (changes-- > 0) {
            change(&seed->image, &seed->targets, target);
        }
    }
    /* Inodes first: what they own is sealed with their generation. */
    for (uint32_t kind = 0; is_sealed && kind <= TARGET_JOURNAL; kind++) {
        for (uint32_t i = 0; i < count; i++) {
            if (damaged[i]->kind == (enum target_kind)kind) {
                seal(seed, damaged[i]);
            }
        }
    }
}

void mutate_undo(struct seed *seed)
{
    for (uint32_t i = 0; i < damaged_count; i++) {
        memcpy(seed->image.bytes + damaged[i]->offset, seed->whole + damaged[i]->offset,
               damaged[i]->bytes);
    }
    damaged_count = 0;
}
