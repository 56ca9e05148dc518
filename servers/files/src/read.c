/* SPDX-License-Identifier: MIT */
/* Bytes of regular files, from the cache; and what will be read next, into it. */
#include "files.h"

#include "pith/string.h"

enum { AHEAD_BYTES = AHEAD_PAGES * CACHE_PAGE_BYTES };

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Pages of the disk that hold a run's first blocks, as many as @bytes of the file need. */
static uint64_t pages_of(const struct ext4_run *run, uint64_t bytes, uint64_t *first)
{
    uint32_t block_bytes = files.fs.super.block_bytes;
    uint64_t blocks = min_u64(run->count, (bytes + block_bytes - 1) / block_bytes);
    uint32_t per_page = CACHE_PAGE_BYTES / block_bytes;

    *first = run->disk / per_page;
    return (run->disk + blocks - 1) / per_page - *first + 1;
}

/* Ask for what lies from `ahead` to @end, without waiting; whatever fails is met by who reads there. */
static void read_ahead(struct handle *handle, uint64_t end)
{
    struct attempt saved = files.attempt;
    uint32_t block_bytes = files.fs.super.block_bytes;

    files.attempt.may_wait = false;
    end = min_u64(end, handle->file.inode.size_bytes);
    while (handle->ahead < end) {
        uint64_t block = handle->ahead / block_bytes;
        struct ext4_run run;

        if (ext4_map(&files.fs, &handle->file, block, &run)) {
            break;
        }
        if (run.kind == EXT4_RUN_DATA) {
            uint64_t first;
            uint64_t count = pages_of(&run, end - block * block_bytes, &first);

            disk_ahead(first, count);
        }
        handle->ahead = (block + run.count) * block_bytes;
        handle->ahead = min_u64(handle->ahead, end);
    }
    files.attempt = saved;
}

/* Copy from one page, or zeros from one run. */
static err_t piece_copy(struct handle *handle, uint64_t position, unsigned char *into,
                        uint64_t bytes, uint64_t *copied)
{
    uint32_t block_bytes = files.fs.super.block_bytes;
    uint32_t skip = (uint32_t)(position % block_bytes);
    struct cache_page *page;
    struct ext4_run run;
    uint64_t first;
    err_t err = ext4_map(&files.fs, &handle->file, position / block_bytes, &run);

    if (err) {
        return err;
    }
    *copied = min_u64(bytes, run.count * block_bytes - skip);
    if (run.kind != EXT4_RUN_DATA) {
        memset(into, 0, *copied);
        return ERR_OK;
    }
    uint64_t wanted = handle->next == position ? AHEAD_BYTES : bytes;
    uint32_t in_page = (uint32_t)(run.disk * block_bytes % CACHE_PAGE_BYTES) + skip;

    *copied = min_u64(*copied, CACHE_PAGE_BYTES - in_page);
    wanted = pages_of(&run, wanted + skip, &first);
    err = disk_page(first, (uint32_t)min_u64(wanted, AHEAD_PAGES), &page);
    if (err) {
        return err;
    }
    unsigned char *data = cache_data(&disk.cache, page);

    if (run.flags & EXT4_GET_ESCAPED) {
        memcpy(data + in_page - skip, EXT4_ESCAPED_BYTES, sizeof(EXT4_ESCAPED_BYTES) - 1);
    }
    memcpy(into, data + in_page, *copied);
    return ERR_OK;
}

err_t file_copy(struct handle *handle, uint64_t position, unsigned char *into, uint64_t bytes,
                uint64_t *done)
{
    uint64_t size = handle->file.inode.size_bytes;
    bool is_sequential = position == handle->next;
    uint64_t at = files.attempt.progress;

    bytes = position >= size ? 0 : min_u64(bytes, size - position);
    while (at < bytes) {
        uint64_t copied;
        err_t err = piece_copy(handle, position + at, into + at, bytes - at, &copied);

        if (err) {
            files.attempt.progress = at;
            if (err == ERR_WOULD_BLOCK && bytes > AHEAD_BYTES) {
                handle->ahead = position + at;
                read_ahead(handle, position + bytes);
            }
            return err;
        }
        at += copied;
    }
    handle->next = position + bytes;
    if (!is_sequential || handle->ahead < handle->next) {
        handle->ahead = handle->next;
    }
    if (is_sequential && handle->next + AHEAD_BYTES / 2 >= handle->ahead && handle->next < size) {
        read_ahead(handle, handle->next + AHEAD_BYTES);
    }
    *done = bytes;
    return ERR_OK;
}
