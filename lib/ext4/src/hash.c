/* SPDX-License-Identifier: MIT */
/* The hashes of names in directory indices. */
#include "format_file.h"
#include "internal.h"
#include "pith/string.h"

enum { MD4_WORDS = 8, TEA_WORDS = 4, TEA_ROUNDS = 16 };

#define TEA_DELTA 0x9e3779b9u
#define HASH_LAST 0xfffffffeu /* means the end of a directory: no name has it */

/* Names were hashed as signed or unsigned characters, by the machine that wrote the first index. */
static uint32_t character(const char *name, size_t at, bool is_unsigned)
{
    return is_unsigned ? (uint32_t)(unsigned char)name[at]
                       : (uint32_t)(int32_t)(signed char)name[at];
}

static uint32_t hash_legacy(const char *name, size_t length, bool is_unsigned)
{
    uint32_t last = 0x12a3fe2d;
    uint32_t before = 0x37abe8f9;

    for (size_t i = 0; i < length; i++) {
        uint32_t next = before + (last ^ character(name, i, is_unsigned) * 7152373u);

        if ((next & 0x80000000u) != 0) {
            next -= 0x7fffffff;
        }
        before = last;
        last = next;
    }
    return last << 1;
}

/* A piece of a name as words, filled up with its length. */
static void words_from(const char *name, size_t length, bool is_unsigned, uint32_t *words,
                       uint32_t count)
{
    uint32_t fill = (uint32_t)length | (uint32_t)length << 8;
    uint32_t word;
    uint32_t at = 0;

    fill |= fill << 16;
    word = fill;
    if (length > count * 4) {
        length = count * 4;
    }
    for (size_t i = 0; i < length; i++) {
        word = character(name, i, is_unsigned) + (word << 8);
        if (i % 4 == 3) {
            words[at++] = word;
            word = fill;
        }
    }
    if (at < count) {
        words[at++] = word;
    }
    while (at < count) {
        words[at++] = fill;
    }
}

static uint32_t rotate(uint32_t value, uint32_t by)
{
    return value << by | value >> (32 - by);
}

/* Three rounds of MD4, over eight words, each in its own order. */
static void md4_mix(uint32_t state[4], const uint32_t words[MD4_WORDS])
{
    static const uint8_t order[3][MD4_WORDS] = { { 0, 1, 2, 3, 4, 5, 6, 7 },
                                                 { 1, 3, 5, 7, 0, 2, 4, 6 },
                                                 { 3, 7, 2, 6, 1, 5, 0, 4 } };
    static const uint8_t turns[3][4] = { { 3, 7, 11, 19 }, { 3, 5, 9, 13 }, { 3, 9, 11, 15 } };
    static const uint32_t add[3] = { 0, 0x5a827999, 0x6ed9eba1 };
    uint32_t a = state[0];
    uint32_t b = state[1];
    uint32_t c = state[2];
    uint32_t d = state[3];

    for (uint32_t step = 0; step < 3 * MD4_WORDS; step++) {
        uint32_t round = step / MD4_WORDS;
        uint32_t mixed = round == 0   ? (d ^ (b & (c ^ d)))
                         : round == 1 ? (b & c) + ((b ^ c) & d)
                                      : b ^ c ^ d;
        uint32_t next = rotate(a + mixed + words[order[round][step % MD4_WORDS]] + add[round],
                               turns[round][step % 4]);

        a = d;
        d = c;
        c = b;
        b = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
}

static void tea_mix(uint32_t state[4], const uint32_t words[TEA_WORDS])
{
    uint32_t left = state[0];
    uint32_t right = state[1];
    uint32_t sum = 0;

    for (int round = 0; round < TEA_ROUNDS; round++) {
        sum += TEA_DELTA;
        left += ((right << 4) + words[0]) ^ (right + sum) ^ ((right >> 5) + words[1]);
        right += ((left << 4) + words[2]) ^ (left + sum) ^ ((left >> 5) + words[3]);
    }
    state[0] += left;
    state[1] += right;
}

static void state_start(uint32_t state[4], const uint32_t seed[4])
{
    static const uint32_t usual[4] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 };
    bool has_seed = (seed[0] | seed[1] | seed[2] | seed[3]) != 0;

    memcpy(state, has_seed ? seed : usual, sizeof(usual));
}

bool ext4_hash(const uint32_t seed[4], uint32_t version, const char *name, size_t length,
               uint32_t *hash)
{
    bool is_unsigned = version >= HTREE_HASH_UNSIGNED;
    uint32_t kind = is_unsigned ? version - HTREE_HASH_UNSIGNED : version;
    uint32_t words[MD4_WORDS];
    uint32_t state[4];
    uint32_t count = kind == HTREE_TEA ? TEA_WORDS : MD4_WORDS;

    if (kind > HTREE_TEA) {
        return false;
    }
    if (kind == HTREE_LEGACY) {
        state[0] = hash_legacy(name, length, is_unsigned);
    } else {
        state_start(state, seed);
        for (size_t at = 0; at < length; at += count * 4) {
            words_from(name + at, length - at, is_unsigned, words, count);
            if (kind == HTREE_TEA) {
                tea_mix(state, words);
            } else {
                md4_mix(state, words);
            }
        }
        state[0] = kind == HTREE_TEA ? state[0] : state[1];
    }
    *hash = state[0] & ~1u;
    if (*hash == HASH_LAST) {
        *hash = HASH_LAST - 2;
    }
    return true;
}
