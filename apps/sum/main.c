/* SPDX-License-Identifier: MIT */
/*
 * Prints the SHA-256 of a file: `start sum PATH`, or `start sum ROUNDS PATH` to read it that often; `many` before that: by many
 * requests at once; `map`: as far as it can be mapped. It is a program like any other that reads files: what dies behind it, it does not notice, but for
 * the counts at the end.
 */
#include "sum.h"

#include "file/map.h"
#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/format.h"
#include "pith/self.h"
#include "pith/string.h"

#include "abi/names.h"

static struct files files;
static bool is_many;
static bool is_mapped;
static uint64_t pages_mapped;
static uint64_t bytes_added; /* of this file */
static uint64_t resubmitted;

/* All of a file, read into the session's own memory, and added to the sum. */
static err_t add_all(struct file *file, struct sha256 *hash)
{
    uint64_t bytes;
    uint64_t done = 0;
    void *buffer = files_buffer(&files, &bytes);

    for (uint64_t position = 0; position < file->bytes; position += done) {
        err_t err = files_read(file, position, buffer, bytes, &done);

        if (err) {
            return err;
        }
        if (done == 0) {
            return ERR_GONE; /* it is shorter than it said */
        }
        sha256_add(hash, buffer, done);
        bytes_added += done;
    }
    return ERR_OK;
}

enum { MAPS_MAX = 16, COPIED_PAGES = 4 };

struct mapped_file {
    struct file *file;
    struct sha256 *hash;
    struct files_map maps[MAPS_MAX]; /* of what was added last */
    uint32_t next;
    uint64_t position;
};

/* One step: pages that are mapped, or what is read where none can be. */
static err_t mapped_add(struct mapped_file *mapped)
{
    struct files_map *map = &mapped->maps[mapped->next++ % MAPS_MAX];
    uint64_t bytes, done = 0;
    void *buffer = files_buffer(&files, &bytes);

    files_unmap(&files, map);
    err_t err = files_map(mapped->file, mapped->position, FILES_MAP_PAGES, 0, map);

    if (err == ERR_OK && map->pages != 0) {
        done = (uint64_t)map->pages * PAGE_BYTES;
        pages_mapped += map->pages;
        sha256_add(mapped->hash, map->start, done);
    } else if (err == ERR_OK) {
        err = files_read(mapped->file, mapped->position, buffer, COPIED_PAGES * PAGE_BYTES, &done);
        sha256_add(mapped->hash, buffer, done);
    }
    mapped->position += done;
    bytes_added += done;
    return err == ERR_OK && done == 0 ? ERR_GONE : err;
}

static err_t add_mapped(struct file *file, struct sha256 *hash)
{
    static struct mapped_file mapped;
    err_t err = ERR_OK;

    mapped = (struct mapped_file){ .file = file, .hash = hash };
    while (err == ERR_OK && mapped.position < file->bytes) {
        err = mapped_add(&mapped);
    }
    for (uint32_t i = 0; i < MAPS_MAX; i++) {
        files_unmap(&files, &mapped.maps[i]);
    }
    return err;
}

static err_t round_do(const char *path)
{
    unsigned char digest[SHA256_BYTES];
    char text[2 * SHA256_BYTES + 1];
    struct sha256 hash;
    struct file file;
    ns_t start = clock_now();
    err_t err = files_open(&files, path, 0, &file);

    bytes_added = 0;
    sha256_start(&hash);
    if (err == ERR_OK) {
        err = is_many     ? sum_many(&files, &file, &hash, &resubmitted)
              : is_mapped ? add_mapped(&file, &hash)
                          : add_all(&file, &hash);
        files_close(&file);
    }
    if (err) {
        debug_printf("sum: %s: %s", path, error_name(err));
        if (!is_many && bytes_added > 0) {
            debug_printf(" after %lu bytes", (unsigned long)bytes_added);
        }
        debug_printf("\n");
        return err;
    }
    sha256_finish(&hash, digest);
    for (uint32_t i = 0; i < SHA256_BYTES; i++) {
        (void)format(text + (size_t)i * 2, 3, "%02x", (unsigned)digest[i]);
    }
    debug_printf("sum: %s  %s, %lu ms\n", text, path,
                 (unsigned long)((clock_now() - start) / NS_PER_MS));
    return ERR_OK;
}

int main(void)
{
    const char *path = self_args();
    uint32_t rounds = 0;
    err_t err = files_connect(&files);

    if (err) {
        debug_printf("sum: there are no files (%s)\n", error_name(err));
        return 1;
    }
    files.patience_ns = DEADLINE_NEVER; /* whatever dies comes back, or its clients are told */
    is_many = strncmp(path, "many ", 5) == 0;
    is_mapped = strncmp(path, "map ", 4) == 0;
    path += is_many ? 5 : is_mapped ? 4 : 0;
    for (; *path >= '0' && *path <= '9' && rounds < 10000; path++) {
        rounds = rounds * 10 + (uint32_t)(*path - '0');
    }
    path += *path == ' ';
    for (uint32_t i = 0; err == ERR_OK && i < (rounds != 0 ? rounds : 1); i++) {
        err = round_do(path);
    }
    if (is_many) {
        debug_printf("sum: %lu requests submitted again\n", (unsigned long)resubmitted);
    }
    if (is_mapped) {
        debug_printf("sum: %lu pages were mapped\n", (unsigned long)pages_mapped);
    }
    debug_printf("sum: %lu calls repeated, %lu files opened again\n", (unsigned long)files.repeated,
                 (unsigned long)files.reopened);
    return err != ERR_OK;
}
