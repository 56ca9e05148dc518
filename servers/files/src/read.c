/* SPDX-License-Identifier: MIT */
/* Bytes of regular files, from the cache; and what will be read next, into it. */
#include "opened.h"

#include "pith/string.h"

enum { AHEAD_BYTES = AHEAD_PAGES * CACHE_PAGE_BYTES };

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Pages of the disk that hold a run's first blocks, as many as @bytes of the file need. */
static uint64_t pages_of(const struct ext4_run *run, uint64_t bytes, uint64_t *first)
{
    uint64_t mask = (1ull << files.block_shift) - 1;
    uint64_t blocks = min_u64(run->count, (bytes + mask) >> files.block_shift);

    *first = run->disk >> files.page_shift;
    return ((run->disk + blocks - 1) >> files.page_shift) - *first + 1;
}

/* Ask for what lies from `ahead` to @end, without waiting; whatever fails is met by who reads there. */
static void read_ahead(struct opened *opened, uint64_t end)
{
    struct attempt saved = files.attempt;

    files.attempt.may_wait = false;
    end = min_u64(end, opened->file.inode.size_bytes);
    while (opened->ahead < end) {
        uint64_t block = opened->ahead >> files.block_shift;
        struct ext4_run run;

        if (ext4_map(&files.fs, &opened->file, block, &run)) {
            break;
        }
        if (run.kind == EXT4_RUN_DATA) {
            uint64_t first;
            uint64_t count = pages_of(&run, end - (block << files.block_shift), &first);

            disk_ahead(first, count);
        }
        opened->ahead = min_u64((block + run.count) << files.block_shift, end);
    }
    files.attempt = saved;
}

/* The page at the beginning of a run is not here: with it come those that will be read next. */
static err_t page_fetch(struct opened *opened, const struct ext4_run *run, uint64_t bytes,
                        struct cache_page **page)
{
    uint64_t position = run->first << files.block_shift;
    bool is_sequential = opened->next - position < (1ull << files.block_shift);
    uint64_t first;
    uint64_t wanted = pages_of(run, is_sequential ? AHEAD_BYTES : bytes, &first);

    return disk_page(first, (uint32_t)min_u64(wanted, AHEAD_PAGES), page);
}

/* Copy from one page, or zeros from one run. */
static err_t piece_copy(struct opened *opened, uint64_t position, struct ext4_memory into,
                        uint64_t *copied)
{
    uint32_t skip = (uint32_t)(position & ((1u << files.block_shift) - 1));
    struct ext4_run run;
    err_t err = ext4_map(&files.fs, &opened->file, position >> files.block_shift, &run);

    if (err) {
        return err;
    }
    *copied = min_u64(into.bytes, (run.count << files.block_shift) - skip);
    if (run.kind != EXT4_RUN_DATA) {
        memset(into.start, 0, *copied);
        return ERR_OK;
    }
    struct cache_page *page = disk_page_here(run.disk >> files.page_shift);

    if (page == NULL) {
        err = page_fetch(opened, &run, into.bytes + skip, &page);
        if (err) {
            return err;
        }
    }
    uint32_t in_page = (uint32_t)(run.disk << files.block_shift) % CACHE_PAGE_BYTES;
    unsigned char *data = cache_data(&disk.cache, page);

    if (run.flags & EXT4_GET_ESCAPED) {
        memcpy(data + in_page, EXT4_ESCAPED_BYTES, sizeof(EXT4_ESCAPED_BYTES) - 1);
    }
    in_page += skip;
    *copied = min_u64(*copied, CACHE_PAGE_BYTES - in_page);
    memcpy(into.start, data + in_page, *copied);
    return ERR_OK;
}

void ahead_plan(struct opened *opened, uint64_t position, uint64_t end)
{
    bool is_sequential = position == opened->next;

    opened->next = end;
    if (!is_sequential || opened->ahead < end) {
        opened->ahead = end;
    }
    if (is_sequential && end + AHEAD_BYTES / 2 >= opened->ahead &&
        end < opened->file.inode.size_bytes) {
        read_ahead(opened, end + AHEAD_BYTES);
    }
}

err_t file_copy(struct opened *opened, uint64_t position, struct ext4_memory into, uint64_t *done)
{
    uint64_t size = opened->file.inode.size_bytes;
    uint64_t bytes = position >= size ? 0 : min_u64(into.bytes, size - position);
    uint64_t at = files.attempt.progress;

    while (at < bytes) {
        struct ext4_memory rest = { (unsigned char *)into.start + at, bytes - at };
        uint64_t copied;
        err_t err = piece_copy(opened, position + at, rest, &copied);

        if (err) {
            files.attempt.progress = at;
            if (err == ERR_WOULD_BLOCK && bytes > AHEAD_BYTES) {
                opened->ahead = position + at;
                read_ahead(opened, position + bytes);
            }
            return err;
        }
        at += copied;
    }
    ahead_plan(opened, position, position + bytes);
    *done = bytes;
    return ERR_OK;
}
