/* SPDX-License-Identifier: MIT */
/*
 * What lib/ext4 asks of its caller: blocks of the disk, from the caller's cache; and what it tells: which
 * structures on the disk are damaged.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#include "abi/errors.h"

/* A block that stays where it is, unchanged, from get() to put(). */
struct ext4_block {
    const void *data; /* block_bytes of it, at a multiple of 8 */
    /*
     * The library's note on this block: which check of it has passed. The cache sets it to 0 whenever it
     * fills the block, and keeps it as long as the block. NULL: there is none, check every time.
     */
    _Atomic uint64_t *state;
    uint64_t number; /* on the disk; set by the library */
    void *entry;     /* the cache's own */
};

/*
 * In flags of get(): the block is an escaped copy in the journal, so its first four bytes are to be
 * EXT4_ESCAPED_BYTES, whatever the disk holds. After the mount, this block is always asked for like this.
 */
#define EXT4_GET_ESCAPED 1u
#define EXT4_ESCAPED_BYTES "\xc0\x3b\x39\x98"

/*
 * The cache of the disk, in blocks of the file system. Both functions may be called by several threads at
 * once, as far as the caller calls the library so.
 */
struct ext4_blocks {
    void *context;
    /* May wait for the disk. number is below the file system's count of blocks. */
    err_t (*get)(void *context, uint64_t number, uint32_t flags, struct ext4_block *block);
    void (*put)(void *context, const struct ext4_block *block);
};

enum ext4_reason {
#define REASON(name, text) EXT4_REASON_##name,
#include "ext4/reasons.def"
#undef REASON
    EXT4_REASON_COUNT
};

/* Damage met since the mount. Written by any thread; last is one word, so that it is never torn. */
struct ext4_damage {
    _Atomic uint64_t count;
    _Atomic uint64_t last; /* enum ext4_reason in bits 56-63, where in bits 0-55 */
};

/** ext4_damage_last() - the last damage as text; @where: block, inode or group, as the text says. */
const char *ext4_damage_last(const struct ext4_damage *damage, uint64_t *where);
