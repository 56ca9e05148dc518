/* SPDX-License-Identifier: MIT */
/*
 * Pages of the disk. The cache's memory is the data area of the session with the disk's driver, so the device writes
 * straight into it. Must stay true: a page that is LOADING belongs to exactly one load, whose number is the
 * cookie of a request in flight; lib/block sees to it that each ends in exactly one result, whoever dies.
 */
#include "files.h"

#include "pith/kernel_calls.h"
#include "pith/space.h"
#include "pith/string.h"

enum {
    PAGES_MIN = 64, /* so that no call can pin them all */
    SECTORS_PER_PAGE = CACHE_PAGE_BYTES / BLOCK_SECTOR_BYTES,
};

struct disk disk;

err_t disk_open(void)
{
    user_addr_t at;
    cap_addr_t frame;
    uint32_t number;
    uint64_t pages;
    err_t err = session_find("block", false, 0, &number);

    if (err == ERR_OK) {
        err = block_client_open(&disk.client, number);
    }
    if (err) {
        return err;
    }
    pages = disk.client.session.data_bytes / CACHE_PAGE_BYTES;
    if (pages < PAGES_MIN || pages > UINT32_MAX / 2) {
        return ERR_RANGE;
    }
    uint64_t bytes = (cache_memory_bytes((uint32_t)pages) + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);

    err = region_create(bytes, PROT_READ | PROT_WRITE, &at, &frame);
    if (err == ERR_OK) {
        cache_init(&disk.cache, session_data(&disk.client.session), (uint32_t)pages, (void *)at);
    }
    return err;
}

void disk_use(uint64_t first_sector, uint64_t sectors)
{
    cache_forget(&disk.cache);
    disk.first_sector = first_sector;
    disk.sectors = sectors;
    disk.expected = NO_PAGE;
}

static struct load *load_free(uint32_t *number)
{
    for (uint32_t i = 0; i < BLOCK_RECORDS; i++) {
        if (disk.loads[i].run.count == 0) {
            *number = i;
            return &disk.loads[i];
        }
    }
    return NULL;
}

/* The last page of a partition may be less than whole. */
static uint32_t load_bytes(const struct cache_run *run)
{
    uint64_t first = run->number * SECTORS_PER_PAGE;
    uint64_t sectors = (uint64_t)run->count * SECTORS_PER_PAGE;

    return (uint32_t)((sectors < disk.sectors - first ? sectors : disk.sectors - first) *
                      BLOCK_SECTOR_BYTES);
}

/* ERR_BUSY: there is no room now; ERR_IO: no such page. */
static err_t load_start(uint64_t number, uint64_t wanted)
{
    uint64_t pages = (disk.sectors + SECTORS_PER_PAGE - 1) / SECTORS_PER_PAGE;
    uint32_t cookie;
    struct load *load = load_free(&cookie);

    if (number >= pages) {
        return ERR_IO;
    }
    if (load == NULL || !disk.client.is_ours) {
        return ERR_BUSY;
    }
    wanted = wanted < disk.run_max ? wanted : disk.run_max;
    wanted = wanted < pages - number ? wanted : pages - number;

    struct cache_run run;
    err_t err = cache_reserve(&disk.cache, number, (uint32_t)wanted, &run);

    if (err) {
        return err;
    }
    struct block_work work = { .operation = BLOCK_READ,
                               .bytes = load_bytes(&run),
                               .sector = disk.first_sector + number * SECTORS_PER_PAGE,
                               .offset = (uint64_t)run.first * CACHE_PAGE_BYTES,
                               .deadline_ns = DEADLINE_NEVER,
                               .cookie = cookie };

    if (work.bytes < run.count * CACHE_PAGE_BYTES) {
        memset(disk.cache.data + work.offset + work.bytes, 0,
               run.count * CACHE_PAGE_BYTES - work.bytes);
    }
    err = block_client_submit(&disk.client, &work);
    if (err) {
        cache_loaded(&disk.cache, &run, false);
        return ERR_BUSY;
    }
    load->run = run;
    disk.in_flight++;
    disk.is_resting = false;
    return ERR_OK;
}

static uint32_t reap(void)
{
    struct block_result result;
    uint32_t count = 0;

    for (; block_client_reap(&disk.client, &result) == ERR_OK; count++) {
        struct load *load = &disk.loads[result.cookie % BLOCK_RECORDS];
        struct cache_run run = load->run;

        load->run.count = 0;
        disk.in_flight--;
        cache_loaded(&disk.cache, &run, result.err == ERR_OK);
        ops_wake(&run, result.err == ERR_OK);
    }
    return count;
}

bool disk_look(void)
{
    bool was_ours = disk.client.is_ours;
    uint32_t reaped = reap();

    disk.is_resting = block_client_rest(&disk.client);
    return disk.is_resting && reaped == 0 && disk.client.is_ours == was_ours;
}

static err_t page_miss(uint64_t number, uint32_t wanted, struct cache_page **found)
{
    struct attempt *attempt = &files.attempt;

    disk.misses++;
    for (;;) {
        struct cache_page *page = cache_find(&disk.cache, number);
        err_t err = ERR_OK;

        if (page != NULL && page->state == CACHE_VALID) {
            cache_use(page);
            *found = page;
            return ERR_OK;
        }
        if (attempt->failed == number) {
            return ERR_IO;
        }
        if (page == NULL) {
            err = load_start(number, attempt->is_alone ? 1 : wanted);
        }
        if (err != ERR_OK && err != ERR_BUSY) {
            return err;
        }
        attempt->waits_for = err == ERR_BUSY ? NO_PAGE : number;
        if (!attempt->may_wait) {
            return ERR_WOULD_BLOCK;
        }
        attempt_pause(DEADLINE_NEVER);
        if (attempt->is_gone) {
            return ERR_CALLER_GONE;
        }
    }
}

err_t disk_page(uint64_t number, uint32_t wanted, struct cache_page **found)
{
    struct cache_page *page = disk_page_here(number);

    if (page == NULL) {
        return page_miss(number, wanted, found);
    }
    *found = page;
    return ERR_OK;
}

void disk_ahead(uint64_t number, uint64_t count)
{
    for (uint64_t end = number + count; number < end; number++) {
        if (cache_find(&disk.cache, number) == NULL && load_start(number, end - number)) {
            return;
        }
    }
}

/* --- For lib/ext4, which does not say how much it will read: misses one behind the other mean more. --- */

static uint32_t ahead_guess(uint64_t number)
{
    bool is_next = number == disk.expected;

    if (cache_find(&disk.cache, number) != NULL) {
        return 1; /* a hit, or on its way */
    }
    disk.ahead = is_next && disk.ahead < AHEAD_PAGES ? disk.ahead * 2 : disk.ahead;
    disk.ahead = is_next ? disk.ahead : 1;
    disk.expected = number + disk.ahead;
    return disk.ahead;
}

static err_t block_get(void *context, uint64_t number, uint32_t flags, struct ext4_block *block)
{
    uint64_t page_number = number >> files.page_shift;
    uint32_t part = (uint32_t)(number - (page_number << files.page_shift));
    struct cache_page *page;
    err_t err = attempt_breathe();

    (void)context;
    if (err == ERR_OK) {
        err = disk_page(page_number, ahead_guess(page_number), &page);
    }
    if (err) {
        return err;
    }
    unsigned char *data = cache_data(&disk.cache, page) + ((size_t)part << files.block_shift);

    if (flags & EXT4_GET_ESCAPED) {
        memcpy(data, EXT4_ESCAPED_BYTES, sizeof(EXT4_ESCAPED_BYTES) - 1);
    }
    cache_pin(page);
    block->data = data;
    block->state = &page->notes[part];
    block->entry = page;
    return ERR_OK;
}

static void block_put(void *context, const struct ext4_block *block)
{
    (void)context;
    cache_unpin(block->entry);
}

struct ext4_blocks disk_blocks(void)
{
    return (struct ext4_blocks){ .get = block_get, .put = block_put };
}
