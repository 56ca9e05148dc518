/* SPDX-License-Identifier: MIT */
/* Constants: the first bits of square (start) and cube roots (rounds) of the first primes. */
#include "sha256/sha256.h"

#include "pith/string.h"

enum { ROUNDS = 64, LENGTH_BYTES = 8 };

static const uint32_t round_constants[ROUNDS] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2
};

void sha256_start(struct sha256 *hash)
{
    *hash = (struct sha256){ .state = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
                                        0x9b05688c, 0x1f83d9ab, 0x5be0cd19 } };
}

static uint32_t rotate(uint32_t value, unsigned bits)
{
    return value >> bits | value << (32 - bits);
}

static void words_expand(const unsigned char *block, uint32_t words[ROUNDS])
{
    for (uint32_t i = 0; i < 16; i++) {
        const unsigned char *at = block + (size_t)i * 4;

        words[i] = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    }
    for (uint32_t i = 16; i < ROUNDS; i++) {
        uint32_t near = words[i - 2];
        uint32_t far = words[i - 15];

        words[i] = words[i - 16] + (rotate(far, 7) ^ rotate(far, 18) ^ far >> 3) + words[i - 7] +
                   (rotate(near, 17) ^ rotate(near, 19) ^ near >> 10);
    }
}

/* One round: of a to h only d and h change, so the next one has the names moved on by one, and nothing is copied. */
static inline void round_do(const uint32_t abc[3], uint32_t *d, const uint32_t efg[3], uint32_t *h,
                            uint32_t word)
{
    uint32_t a = abc[0], e = efg[0];
    uint32_t first = *h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) +
                     (efg[2] ^ (e & (efg[1] ^ efg[2]))) + word;
    uint32_t second =
        (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & abc[1]) | (abc[2] & (a | abc[1])));

    *d += first;
    *h = first + second;
}

#define ROUND(a, b, c, d, e, f, g, h, i)                                                           \
    round_do((const uint32_t[]){ a, b, c }, &(d), (const uint32_t[]){ e, f, g }, &(h),             \
             round_constants[i] + words[i])

static void block_add(uint32_t state[8], const unsigned char *block)
{
    uint32_t words[ROUNDS];
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];

    words_expand(block, words);
    for (uint32_t i = 0; i < ROUNDS; i += 8) {
        ROUND(a, b, c, d, e, f, g, h, i);
        ROUND(h, a, b, c, d, e, f, g, i + 1);
        ROUND(g, h, a, b, c, d, e, f, i + 2);
        ROUND(f, g, h, a, b, c, d, e, i + 3);
        ROUND(e, f, g, h, a, b, c, d, i + 4);
        ROUND(d, e, f, g, h, a, b, c, i + 5);
        ROUND(c, d, e, f, g, h, a, b, i + 6);
        ROUND(b, c, d, e, f, g, h, a, i + 7);
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
}

void sha256_add(struct sha256 *hash, const void *data, size_t bytes)
{
    const unsigned char *from = data;
    size_t held = (size_t)(hash->bytes % SHA256_BLOCK_BYTES);

    hash->bytes += bytes;
    while (held + bytes >= SHA256_BLOCK_BYTES) {
        size_t part = SHA256_BLOCK_BYTES - held;

        if (held == 0) {
            block_add(hash->state, from);
        } else {
            memcpy(hash->block + held, from, part);
            block_add(hash->state, hash->block);
        }
        from += part;
        bytes -= part;
        held = 0;
    }
    memcpy(hash->block + held, from, bytes);
}

void sha256_finish(struct sha256 *hash, unsigned char digest[SHA256_BYTES])
{
    static const unsigned char padding[SHA256_BLOCK_BYTES] = { 0x80 };
    size_t held = (size_t)(hash->bytes % SHA256_BLOCK_BYTES);
    size_t end = SHA256_BLOCK_BYTES - LENGTH_BYTES;
    uint64_t bits = hash->bytes * 8;
    unsigned char length[LENGTH_BYTES];

    for (uint32_t i = 0; i < LENGTH_BYTES; i++) {
        length[i] = (unsigned char)(bits >> (56 - 8 * i));
    }
    sha256_add(hash, padding, (held < end ? end : end + SHA256_BLOCK_BYTES) - held);
    sha256_add(hash, length, LENGTH_BYTES);
    for (uint32_t i = 0; i < SHA256_BYTES; i++) {
        digest[i] = (unsigned char)(hash->state[i / 4] >> (24 - 8 * (i % 4)));
    }
}
