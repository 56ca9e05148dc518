/* SPDX-License-Identifier: MIT */
#include "cache/cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host_test/test.h"
#include "pith/debug.h"

enum { PAGES = 64, DISK = 400, STEPS = 20000, LOADS = 8 };

static struct page_cache cache;
static uint64_t memory[(PAGES * sizeof(struct cache_page) + 4096) / 8];
static unsigned char data[PAGES * CACHE_PAGE_BYTES];

_Noreturn void program_panic(const char *text, const char *file, unsigned line)
{
    fprintf(stderr, "%s:%u: %s\n", file, line, text);
    abort();
}

static void start(void)
{
    CHECK(cache_memory_bytes(PAGES) <= sizeof(memory), "it fits");
    cache_init(&cache, data, PAGES, memory);
}

/* Load what is missing; what lies there says which page it is. */
static struct cache_run load(uint64_t number, uint32_t wanted)
{
    struct cache_run run = { 0 };

    CHECK_EQ(cache_reserve(&cache, number, wanted, &run), ERR_OK, "there is room");
    for (uint32_t i = 0; i < run.count; i++) {
        uint64_t value = number + i;

        memcpy(data + (size_t)(run.first + i) * CACHE_PAGE_BYTES, &value, sizeof(value));
    }
    cache_loaded(&cache, &run, true);
    return run;
}

static bool holds(uint64_t number)
{
    const struct cache_page *page = cache_find(&cache, number);
    uint64_t value;

    if (page == NULL || page->state != CACHE_VALID) {
        return false;
    }
    memcpy(&value, cache_data(&cache, page), sizeof(value));
    CHECK_EQ(value, number, "it is that page's memory");
    return true;
}

TEST(a_run_is_found_page_by_page)
{
    struct cache_run run;

    start();
    CHECK(cache_find(&cache, 7) == NULL, "empty at first");
    run = load(7, 32);
    CHECK_EQ(run.count, 32, "all at once");
    for (uint64_t i = 7; i < 39; i++) {
        CHECK(holds(i), "each is there");
    }
    CHECK(!holds(6) && !holds(39), "and no other");
}

TEST(a_run_ends_before_what_is_there)
{
    start();
    (void)load(20, 1);
    CHECK_EQ(load(10, 32).count, 10, "up to 19");
    CHECK(holds(20), "which stays");
}

TEST(loading_pages_are_found_and_stay)
{
    struct cache_run first, second;

    start();
    CHECK_EQ(cache_reserve(&cache, 0, PAGES, &first), ERR_OK, "all of it");
    CHECK_EQ(first.count, PAGES, "all of it");
    CHECK_EQ(cache_find(&cache, 5)->state, CACHE_LOADING, "found");
    CHECK_EQ(cache_reserve(&cache, 1000, 1, &second), ERR_BUSY, "nothing may go");
    cache_loaded(&cache, &first, false);
    CHECK(cache_find(&cache, 5) == NULL, "a failed load leaves nothing");
    CHECK_EQ(cache.loading, 0, "nothing is loading");
    CHECK_EQ(load(1000, 1).count, 1, "and its memory is free");
}

TEST(pinned_pages_stay)
{
    start();
    (void)load(0, PAGES);
    cache_pin(cache_find(&cache, 31));
    for (uint64_t i = 0; i < 200; i++) {
        (void)load(1000 + i, 8);
        CHECK(holds(31), "pinned");
    }
    cache_unpin(cache_find(&cache, 31));
    for (uint64_t i = 0; i < 200; i++) {
        (void)load(2000 + i * 8, 8);
    }
    CHECK(!holds(31), "no longer");
}

/* Somebody has a page mapped, of which it is not known what it holds. */
TEST(held_pages_are_not_used_until_they_come_back)
{
    start();
    cache_hold(&cache, 7);
    cache_hold(&cache, 7);
    CHECK_EQ(cache.pages[7].state, CACHE_HELD, "it was empty");
    for (uint64_t i = 0; i < 200; i++) {
        (void)load(1000 + i * 8, 8);
        CHECK_EQ(cache.pages[7].state, CACHE_HELD, "held");
    }
    cache_forget(&cache);
    CHECK_EQ(cache.pages[7].state, CACHE_HELD, "whatever is forgotten");
    cache_let_go(&cache, 7);
    CHECK_EQ(cache.pages[7].state, CACHE_HELD, "twice");
    cache_let_go(&cache, 7);
    CHECK_EQ(cache.pages[7].state, CACHE_EMPTY, "it came back");
    for (uint64_t i = 0; i < PAGES; i++) {
        (void)load(3000 + i, 1);
    }
    CHECK_EQ(cache.pages[7].state, CACHE_VALID, "and is used");
}

TEST(a_page_that_is_held_and_valid_is_found)
{
    start();
    struct cache_run run = load(40, 4);

    cache_hold(&cache, run.first + 1);
    for (uint64_t i = 0; i < 200; i++) {
        (void)load(1000 + i * 8, 8);
        CHECK(holds(41), "it stays");
    }
    cache_let_go(&cache, run.first + 1);
    CHECK(holds(41), "it is still there");
    for (uint64_t i = 0; i < 200; i++) {
        (void)load(2000 + i * 8, 8);
    }
    CHECK(!holds(41), "and may go");
}

TEST(used_pages_outlive_a_long_file)
{
    start();
    (void)load(5, 1);
    for (uint64_t i = 0; i < 100; i++) {
        cache_use(cache_find(&cache, 5));
        cache_use(cache_find(&cache, 5));
        CHECK_EQ(load(1000 + i * 8, 8).count, 8, "ahead of reading");
        for (uint64_t number = 1000 + i * 8; number < 1008 + i * 8; number++) {
            cache_use(cache_find(&cache, number));
        }
        CHECK(holds(5), "it is used again and again");
        if (test_has_failed()) {
            return;
        }
    }
}

TEST(notes_are_cleared_by_a_load)
{
    start();
    (void)load(5, 1);
    atomic_store(&cache_find(&cache, 5)->notes[3], 9);
    cache_forget(&cache);
    CHECK(!holds(5), "forgotten");
    (void)load(5, 1);
    CHECK_EQ(atomic_load(&cache_find(&cache, 5)->notes[3]), 0, "a new page");
}

/* Any order of what a user may do, against the memory's own word. */
TEST(whatever_is_done_every_page_holds_what_its_number_says)
{
    struct cache_run runs[LOADS];
    uint32_t loading = 0;

    start();
    for (int step = 0; step < STEPS && !test_has_failed(); step++) {
        uint64_t number = test_random(DISK);
        struct cache_page *page = cache_find(&cache, number);

        if (page != NULL && page->state == CACHE_VALID) {
            CHECK(holds(number), "what is found");
            cache_use(page);
        } else if (page == NULL && loading < LOADS) {
            if (cache_reserve(&cache, number, 1 + test_random(40), &runs[loading]) == ERR_OK) {
                CHECK_EQ(runs[loading].number, number, "it begins there");
                loading++;
            }
        }
        if (loading > 0 && test_random(3) == 0) {
            uint32_t which = test_random(loading);
            const struct cache_run *run = &runs[which];

            for (uint32_t i = 0; i < run->count; i++) {
                uint64_t value = run->number + i;

                memcpy(data + (size_t)(run->first + i) * CACHE_PAGE_BYTES, &value, sizeof(value));
            }
            cache_loaded(&cache, run, test_random(5) != 0);
            runs[which] = runs[--loading];
        }
    }
}
