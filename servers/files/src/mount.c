/* SPDX-License-Identifier: MIT */
/* From a disk to a file system. All of it may wait: calls and probes are let in meanwhile. */
#include "files.h"

#include "partition/partition.h"
#include "pith/block_calls.h"
#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/kernel_calls.h"
#include "pith/self.h"
#include "pith/space.h"
#include "pith/string.h"

#include "abi/names.h"

/* The driver may be hung or not there yet; probes are to be answered meanwhile. */
#define ASK_NS (4 * NS_PER_MS)
#define ASK_AGAIN_NS (20 * NS_PER_MS)

enum { PARTITIONS_MAX = 128 };

static void disk_ask(void)
{
    uint32_t flags, block_bytes, request_max = 0;
    uint64_t served, refused;

    while (block_info(self_cap("block"), clock_now() + ASK_NS, &disk.device_sectors, &flags,
                      &block_bytes, &request_max, &served, &refused)) {
        attempt_pause(clock_now() + ASK_AGAIN_NS);
    }
    while (!disk.client.is_ours) {
        attempt_pause(DEADLINE_NEVER);
    }
    disk.run_max = request_max / CACHE_PAGE_BYTES;
    disk.run_max = disk.run_max < AHEAD_PAGES ? disk.run_max : AHEAD_PAGES;
    disk_use(0, disk.device_sectors);
}

/* Bytes of one page. */
static err_t bytes_read(uint64_t offset, void *into, uint32_t bytes)
{
    struct cache_page *page;
    err_t err = disk_page(offset / CACHE_PAGE_BYTES, 1, &page);

    if (err == ERR_OK) {
        memcpy(into, cache_data(&disk.cache, page) + offset % CACHE_PAGE_BYTES, bytes);
    }
    return err;
}

static err_t sector_read(void *context, uint64_t sector, void *into)
{
    (void)context;
    return bytes_read(sector * BLOCK_SECTOR_BYTES, into, BLOCK_SECTOR_BYTES);
}

static err_t partition_use(uint32_t wanted, const char **why)
{
    static struct partition list[PARTITIONS_MAX];
    static _Alignas(8) unsigned char sector[BLOCK_SECTOR_BYTES];
    struct partition_disk source = { .read = sector_read,
                                     .sector_count = disk.device_sectors,
                                     .sector_bytes = BLOCK_SECTOR_BYTES };
    struct partition_table table = { .list = list, .room = PARTITIONS_MAX, .sector = sector };
    err_t err = partition_table_read(&source, &table);

    if (err) {
        *why = table.why;
        return err;
    }
    for (uint32_t i = 0; i < table.count; i++) {
        if (list[i].number == wanted) {
            disk_use(list[i].first, list[i].count);
            return ERR_OK;
        }
    }
    *why = "there is no partition of that number";
    return ERR_NO_ENTRY;
}

/* partition=N among the arguments; 0: the whole disk. */
static uint32_t partition_wanted(void)
{
    static const char key[] = "partition=";
    const char *text = self_args();
    uint32_t number = 0;

    while (*text != 0 && strncmp(text, key, sizeof(key) - 1) != 0) {
        text++;
    }
    text += *text != 0 ? sizeof(key) - 1 : 0;
    for (; *text >= '0' && *text <= '9' && number < 10000; text++) {
        number = number * 10 + (uint32_t)(*text - '0');
    }
    return number;
}

/* What the journal says about blocks needs memory in proportion to it. */
static err_t journal_mount(const struct ext4_super *super, const char **why)
{
    struct ext4_blocks blocks = disk_blocks();
    struct ext4_memory memory = { 0 };
    user_addr_t at;
    cap_addr_t frame;
    err_t err;

    files.block_shift = (uint8_t)__builtin_ctz(super->block_bytes);
    files.page_shift = (uint8_t)__builtin_ctz(CACHE_PAGE_BYTES / super->block_bytes);
    err = ext4_mount(&files.fs, super, &blocks, memory, why);
    if (err != ERR_NO_MEMORY) {
        return err;
    }
    memory.bytes = (files.fs.journal.wanted_bytes + PAGE_BYTES - 1) & ~(PAGE_BYTES - 1);
    err = region_create(memory.bytes, PROT_READ | PROT_WRITE, &at, &frame);
    if (err) {
        *why = "there is too little memory for its journal";
        return err;
    }
    memory.start = (void *)at;
    return ext4_mount(&files.fs, super, &blocks, memory, why);
}

static err_t mount(const char **why)
{
    static _Alignas(8) unsigned char bytes[EXT4_SUPER_BYTES];
    static struct ext4_super super;
    uint32_t partition = partition_wanted();
    err_t err = ERR_OK;

    *why = "the disk cannot be read";
    if (partition != 0) {
        err = partition_use(partition, why);
    }
    if (err == ERR_OK) {
        err = bytes_read(EXT4_SUPER_OFFSET, bytes, sizeof(bytes));
    }
    if (err == ERR_OK) {
        err = ext4_super_read(bytes, disk.sectors * BLOCK_SECTOR_BYTES, &super, why);
    }
    if (err == ERR_OK && super.block_bytes > CACHE_PAGE_BYTES) {
        *why = "its blocks are larger than a page";
        err = ERR_WRONG_TYPE;
    }
    return err == ERR_OK ? journal_mount(&super, why) : err;
}

void disk_mount(void)
{
    ns_t started = clock_now();
    const char *why = "";

    files.attempt = (struct attempt){
        .may_wait = true, .started_ns = started, .waits_for = NO_PAGE, .failed = NO_PAGE
    };
    disk_ask();
    err_t err = mount(&why);

    if (err) {
        debug_printf("files: no file system: %s (%s)\n", why, error_name(err));
        files.mount_error = err == ERR_WRONG_TYPE || err == ERR_NO_ENTRY ? ERR_GONE : err;
        return;
    }
    files.is_mounted = true;
    debug_printf("files: %lu blocks of %u bytes, in %lu ms\n",
                 (unsigned long)files.fs.super.block_count, files.fs.super.block_bytes,
                 (unsigned long)((clock_now() - started) / NS_PER_MS));
    debug_printf("files: \"%s\", cache of %u pages\n", files.fs.super.label, disk.cache.page_count);
    debug_printf("files: %u blocks from the journal\n", files.fs.journal.copies);
}
