/* SPDX-License-Identifier: MIT */
#include "cache/cache.h"

#include "pith/debug.h"

enum { TURNS_MAX = 2 }; /* of the hand: after one nothing counts as used any more */

static uint32_t bucket_count_for(uint32_t page_count)
{
    uint32_t count = 1;

    while (count < page_count) {
        count *= 2;
    }
    return count;
}

size_t cache_memory_bytes(uint32_t page_count)
{
    return page_count * sizeof(struct cache_page) + bucket_count_for(page_count) * sizeof(uint32_t);
}

void cache_init(struct page_cache *cache, void *data, uint32_t page_count, void *memory)
{
    *cache = (struct page_cache){
        .data = data,
        .pages = memory,
        .buckets = (uint32_t *)((struct cache_page *)memory + page_count),
        .page_count = page_count,
        .bucket_count = bucket_count_for(page_count),
    };
    for (uint32_t i = 0; i < page_count; i++) {
        cache->pages[i] = (struct cache_page){ .next = CACHE_NO_PAGE };
    }
    for (uint32_t i = 0; i < cache->bucket_count; i++) {
        cache->buckets[i] = CACHE_NO_PAGE;
    }
}

void cache_pin(struct cache_page *page)
{
    assert(page->state == CACHE_VALID && page->pins < UINT16_MAX);
    page->pins++;
}

void cache_unpin(struct cache_page *page)
{
    assert(page->pins > 0);
    page->pins--;
}

void cache_hold(struct page_cache *cache, uint32_t at)
{
    struct cache_page *page = &cache->pages[at];

    assert(at < cache->page_count && page->state != CACHE_LOADING && page->pins < UINT16_MAX);
    if (page->state == CACHE_EMPTY) {
        page->state = CACHE_HELD;
    }
    page->pins++;
}

void cache_let_go(struct page_cache *cache, uint32_t at)
{
    struct cache_page *page = &cache->pages[at];

    cache_unpin(page);
    if (page->state == CACHE_HELD && page->pins == 0) {
        page->state = CACHE_EMPTY;
    }
}

static void page_add(struct page_cache *cache, uint32_t at, uint64_t number)
{
    uint32_t *bucket = cache_bucket(cache, number);
    struct cache_page *page = &cache->pages[at];

    page->number = number;
    page->state = CACHE_LOADING;
    page->next = *bucket;
    *bucket = at;
}

static void page_remove(struct page_cache *cache, uint32_t at)
{
    struct cache_page *page = &cache->pages[at];
    uint32_t *link = cache_bucket(cache, page->number);

    while (*link != at) {
        assert(*link != CACHE_NO_PAGE);
        link = &cache->pages[*link].next;
    }
    *link = page->next;
    page->next = CACHE_NO_PAGE;
    page->state = CACHE_EMPTY;
}

/* The hand comes by: may the page go? If not, perhaps the next time. */
static bool page_may_go(struct cache_page *page)
{
    bool may_go = page->state == CACHE_EMPTY ||
                  (page->state == CACHE_VALID && page->pins == 0 && page->use == CACHE_UNUSED);

    page->use = CACHE_UNUSED;
    return may_go;
}

/* The first run of that length that the hand meets, else the longest; gives its length. */
static uint32_t run_find(struct page_cache *cache, uint32_t wanted, uint32_t *first)
{
    uint64_t steps = (uint64_t)TURNS_MAX * cache->page_count;
    uint32_t length = 0;
    uint32_t longest = 0;

    for (; steps > 0 && longest < wanted; steps--) {
        if (cache->hand == cache->page_count) {
            cache->hand = 0;
            length = 0;
        }
        length = page_may_go(&cache->pages[cache->hand]) ? length + 1 : 0;
        cache->hand++;
        if (length > longest) {
            longest = length;
            *first = cache->hand - length;
        }
    }
    return longest;
}

err_t cache_reserve(struct page_cache *cache, uint64_t number, uint32_t wanted,
                    struct cache_run *run)
{
    uint32_t missing = 1;

    while (missing < wanted && cache_find(cache, number + missing) == NULL) {
        missing++;
    }
    *run = (struct cache_run){ .number = number };
    run->count = run_find(cache, missing, &run->first);
    for (uint32_t i = 0; i < run->count; i++) {
        uint32_t at = run->first + i;

        if (cache->pages[at].state == CACHE_VALID) {
            page_remove(cache, at);
            cache->evicted++;
        }
        page_add(cache, at, number + i);
    }
    cache->loading += run->count;
    return run->count == 0 ? ERR_BUSY : ERR_OK;
}

void cache_loaded(struct page_cache *cache, const struct cache_run *run, bool is_good)
{
    cache->loading -= run->count;
    for (uint32_t at = run->first; at < run->first + run->count; at++) {
        struct cache_page *page = &cache->pages[at];

        assert(page->state == CACHE_LOADING);
        if (!is_good) {
            page_remove(cache, at);
            continue;
        }
        page->state = CACHE_VALID;
        page->use = CACHE_FRESH;
        for (uint32_t i = 0; i < CACHE_NOTES; i++) {
            atomic_store_explicit(&page->notes[i], 0, memory_order_relaxed);
        }
    }
}

void cache_forget(struct page_cache *cache)
{
    for (uint32_t at = 0; at < cache->page_count; at++) {
        const struct cache_page *page = &cache->pages[at];

        assert(page->state == CACHE_HELD || (page->state != CACHE_LOADING && page->pins == 0));
        if (page->state == CACHE_VALID) {
            page_remove(cache, at);
        }
    }
}
