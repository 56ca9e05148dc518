/* SPDX-License-Identifier: MIT */
/*
 * Which page of a disk is in which page of memory. Nothing here waits, reads or copies: who finds that a page is
 * missing reserves memory for it and for some behind it, lets a device fill that, and says when it is done.
 * One thread uses a cache.
 *
 *     page = cache_find(&cache, number)            NULL, or look at page->state
 *     cache_reserve(&cache, number, 32, &run)      LOADING: run.count pages side by side, in memory and on the disk
 *     cache_loaded(&cache, &run, true)             VALID; false: the disk failed, they are EMPTY again
 *     cache_pin(), cache_unpin()                   VALID pages stay where they are meanwhile
 *     cache_hold(), cache_let_go()                 so do pages that somebody has mapped, whatever they hold
 *
 * What is replaced: the hand goes round over all pages of memory. A page that was used more than once since it last
 * came by is passed over; one that was read once, as those of a long file are, is not.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/errors.h"

#define CACHE_PAGE_BYTES 4096u
#define CACHE_NOTES 4u /* for users that know smaller blocks */
#define CACHE_NO_PAGE UINT32_MAX

enum cache_state { CACHE_EMPTY, CACHE_LOADING, CACHE_VALID, CACHE_HELD };
enum cache_use { CACHE_UNUSED, CACHE_USED, CACHE_FRESH };

/*
 * HELD: it is in use, and what it holds is not known. Invariant: in the bucket of its number exactly if it is LOADING or
 * VALID; pins are 0 unless it is VALID or HELD.
 */
struct cache_page {
    uint64_t number; /* on the disk */
    uint32_t next;   /* in its bucket; CACHE_NO_PAGE: the last */
    uint16_t pins;
    uint8_t state; /* enum cache_state */
    uint8_t use;   /* enum cache_use */
    /* The user's own, set to 0 when the page is filled. */
    _Atomic uint64_t notes[CACHE_NOTES];
};

struct page_cache {
    unsigned char *data;      /* borrowed: the pages */
    struct cache_page *pages; /* borrowed, as are the buckets */
    uint32_t *buckets;
    uint32_t page_count;
    uint32_t bucket_count; /* a power of two */
    uint32_t hand;
    uint32_t loading;
    uint64_t evicted;
};

/* Pages side by side. */
struct cache_run {
    uint64_t number; /* of the first, on the disk */
    uint32_t first;  /* in memory */
    uint32_t count;
};

/** cache_memory_bytes() - what cache_init() needs for so many pages. */
size_t cache_memory_bytes(uint32_t page_count);

/** cache_init() - all empty. Borrows @data, of page_count pages, and @memory, at a multiple of 8. */
void cache_init(struct page_cache *cache, void *data, uint32_t page_count, void *memory);

/* Neighbours on the disk lie in neighbouring buckets: a run fills them evenly. */
static inline uint32_t *cache_bucket(const struct page_cache *cache, uint64_t number)
{
    uint64_t spread = number ^ (number >> 20);

    return &cache->buckets[spread & (cache->bucket_count - 1)];
}

/** cache_find() - the page with that number, LOADING or VALID; NULL: there is none. */
static inline struct cache_page *cache_find(const struct page_cache *cache, uint64_t number)
{
    uint32_t at = *cache_bucket(cache, number);

    while (at != CACHE_NO_PAGE && cache->pages[at].number != number) {
        at = cache->pages[at].next;
    }
    return at == CACHE_NO_PAGE ? NULL : &cache->pages[at];
}

/** cache_data() - the memory of a page. */
static inline unsigned char *cache_data(const struct page_cache *cache,
                                        const struct cache_page *page)
{
    return cache->data + (size_t)(page - cache->pages) * CACHE_PAGE_BYTES;
}

/** cache_use() - note that a page is being read: so it stays longer. */
static inline void cache_use(struct cache_page *page)
{
    page->use = page->use == CACHE_FRESH ? CACHE_UNUSED : CACHE_USED;
}

/** cache_pin() - keep a VALID page where it is; pins are counted. */
void cache_pin(struct cache_page *page);
void cache_unpin(struct cache_page *page);

/** cache_hold() - a page of memory that is not LOADING stays as it is: VALID, or HELD if it was EMPTY. Counted, with pins. */
void cache_hold(struct page_cache *cache, uint32_t at);
void cache_let_go(struct page_cache *cache, uint32_t at);

/**
 * cache_reserve() - take memory for page @number, which is not there, and for up to @wanted - 1 behind it, as far as
 * they are not there and there is memory side by side.
 * Errors: ERR_BUSY  all pages are loading or pinned.
 */
MUST_CHECK err_t cache_reserve(struct page_cache *cache, uint64_t number, uint32_t wanted,
                               struct cache_run *run);

/** cache_loaded() - what was reserved is filled, or not to be had. */
void cache_loaded(struct page_cache *cache, const struct cache_run *run, bool is_good);

/** cache_forget() - empty all but what is HELD. Nothing is loading or pinned. */
void cache_forget(struct page_cache *cache);
