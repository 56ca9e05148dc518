/* SPDX-License-Identifier: MIT */
/* SHA-256 (FIPS 180-4): start, add bytes as they come, finish. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32u
#define SHA256_BLOCK_BYTES 64u

struct sha256 {
    uint32_t state[8];
    uint64_t bytes; /* so far */
    unsigned char block[SHA256_BLOCK_BYTES];
};

void sha256_start(struct sha256 *hash);
void sha256_add(struct sha256 *hash, const void *data, size_t bytes);

/** sha256_finish() - gives the digest; the struct is used up. */
void sha256_finish(struct sha256 *hash, unsigned char digest[SHA256_BYTES]);
