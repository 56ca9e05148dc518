/* SPDX-License-Identifier: MIT */
/*
 * Reads of files, counted between marks: docs/bench.md says what each row measures. The program is a client like any
 * other; behind it are the file server, the driver and the device.
 */
#include "check.h"
#include "recover.h"

#include "file/map.h"
#include "marks/marks.h"
#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/format.h"
#include "pith/kernel_calls.h"
#include "pith/self.h"
#include "pith/start.h"
#include "system/protocol.h"

#include "abi/names.h"

/* Those of bench/rows.tsv. */
enum row {
    ROW_CACHED = 0,
    ROW_WARM = 1,
    ROW_UNCACHED = 2,
    ROW_COLD = 3,
    ROW_MAP_64K = 4,
    ROW_MAP_1M = 5
};

enum {
    KIB = 1024,
    MIB = 1024 * KIB,
    PAGE = 4 * KIB,
    BIG_PAGES = 64 * MIB / PAGE,
    STEP = 4099,    /* pages from one read to the next: has no factor in common with their number */
    FEW_PAGES = 64, /* that are in the cache */
    FEW_STEP = 7,
    PIECE = 64 * KIB,
    CACHED_TURNS = 2000,
    UNCACHED_TURNS = 1000,
    WARM_TURNS = 100,
    COLD_ROUNDS = 4,
    STATUS_SUCCESS = 0x10, /* what the emulator takes as success: tools/qemu.py */
};

static struct files files;
static struct file big;
static unsigned char *buffer; /* reads go there */

static void must(err_t err, const char *what)
{
    if (err) {
        debug_printf("FAIL bench_files: %s: wanted: OK got: %s\n", what, error_name(err));
        program_exit(1);
    }
}

static void read_whole(struct file *file, uint64_t position, uint64_t bytes)
{
    uint64_t done = 0;

    must(files_read(file, position, buffer, bytes, &done), "read");
    if (done != bytes) {
        must(ERR_RANGE, "all bytes");
    }
}

static void open_number(uint32_t number, char path[8], struct file *file)
{
    (void)format(path, 8, number == FILE_BIG ? "/big" : "/%u", number);
    must(files_open(&files, path, 0, file), "open");
}

/* A page of the cache. */
static void bench_cached(void)
{
    for (uint32_t i = 0; i < CACHED_TURNS + FEW_PAGES; i++) {
        uint64_t position = (uint64_t)(i * FEW_STEP % FEW_PAGES) * PAGE;
        uint64_t done;
        err_t err;

        if (i < FEW_PAGES) {
            read_whole(&big, position, PAGE);
        } else {
            MARK_BEGIN(ROW_CACHED);
            err = files_read(&big, position, buffer, PAGE, &done);
            MARK_END(ROW_CACHED);
            must(err, "read");
        }
        check_bytes(FILE_BIG, position, buffer, PAGE);
    }
}

/* A page that is not in the cache: each is read once. */
static void bench_uncached(void)
{
    for (uint32_t i = 1; i <= UNCACHED_TURNS; i++) {
        uint64_t position = (uint64_t)i * STEP % BIG_PAGES * PAGE;
        uint64_t done;
        err_t err;

        MARK_BEGIN(ROW_UNCACHED);
        err = files_read(&big, position, buffer, PAGE, &done);
        MARK_END(ROW_UNCACHED);
        must(err, "read");
        check_bytes(FILE_BIG, position, buffer, PAGE);
    }
}

/* 1 MiB, from its beginning to its end; the last piece stays in the buffer. */
static void read_mib(struct file *file)
{
    for (uint64_t position = 0; position < MIB; position += PIECE) {
        read_whole(file, position, PIECE);
    }
}

static void check_last(uint32_t number)
{
    check_bytes(number, MIB - PIECE, buffer, PIECE);
}

static void bench_warm(void)
{
    struct file file;
    char path[8];

    open_number(1, path, &file);
    read_mib(&file);
    for (uint32_t i = 0; i < WARM_TURNS; i++) {
        MARK_BEGIN(ROW_WARM);
        read_mib(&file);
        MARK_END(ROW_WARM);
        check_last(1);
    }
    files_close(&file);
}

/* Map pages of a file, look at each of them, unmap them. What cannot be mapped is read, as any program would. */
static void map_bytes(struct file *file, uint64_t bytes, uint64_t *mapped)
{
    static struct files_map maps[MIB / PAGE];
    uint32_t count = 0;

    for (uint64_t position = 0; position < bytes;) {
        struct files_map *map = &maps[count++];
        uint64_t part;

        must(files_map(file, position, (uint32_t)((bytes - position) / PAGE), 0, map), "map");
        part = map->pages != 0 ? (uint64_t)map->pages * PAGE : PAGE;
        for (uint64_t at = 0; at < map->pages; at++) {
            (void)((const volatile uint64_t *)map->start)[at * PAGE / sizeof(uint64_t)];
        }
        if (map->pages == 0) {
            read_whole(file, position, PAGE);
        }
        *mapped += (uint64_t)map->pages * PAGE;
        position += part;
    }
    while (count > 0) {
        files_unmap(&files, &maps[--count]);
    }
}

static void bench_map(void)
{
    struct file file;
    char path[8];
    uint64_t few = 0, all = 0;

    open_number(1, path, &file);
    read_mib(&file);
    for (uint32_t i = 0; i < WARM_TURNS; i++) {
        MARK_BEGIN(ROW_MAP_64K);
        map_bytes(&file, PIECE, &few);
        MARK_END(ROW_MAP_64K);
        MARK_BEGIN(ROW_MAP_1M);
        map_bytes(&file, MIB, &all);
        MARK_END(ROW_MAP_1M);
    }
    must(few + all < (MIB + PIECE) * WARM_TURNS / 8 * 7 ? ERR_RANGE : ERR_OK, "pages mapped");
    files_close(&file);
}

/* More files than the cache can hold, one after the other. */
static void bench_cold(void)
{
    for (uint32_t i = 0; i < COLD_ROUNDS * FILES_SMALL; i++) {
        uint32_t number = 1 + i % FILES_SMALL;
        struct file file;
        char path[8];

        open_number(number, path, &file);
        MARK_BEGIN(ROW_COLD);
        read_mib(&file);
        MARK_END(ROW_COLD);
        check_last(number);
        files_close(&file);
    }
}

static struct session spinner;

static void spinner_open(void)
{
    uint32_t number;

    must(session_find("spin", false, 0, &number), "a spinner");
    must(session_open(&spinner, number), "its session");
}

static void spinner_set(bool is_wanted)
{
    _Atomic uint32_t *wish = session_data(&spinner);

    /* Relaxed: nothing else depends on it. */
    atomic_store_explicit(wish, is_wanted, memory_order_relaxed);
    must(notification_signal(spinner.info->bell), "its bell");
}

/* Of the second half of the pages: bench_uncached() read each of its thousand long ago, if at all. */
static void page_read(uint32_t turn)
{
    uint64_t position = (uint64_t)(BIG_PAGES / 2 + turn * STEP % (BIG_PAGES / 2)) * PAGE;

    read_whole(&big, position, PAGE);
    check_bytes(FILE_BIG, position, buffer, PAGE);
}

int main(void)
{
    uint64_t words[8] = { STATUS_SUCCESS };
    msg_info_t info = MSG_INFO(SYSTEM_POWER_OFF, 8, 0);
    static const struct recover with = { spinner_set, page_read };
    char path[8];
    uint64_t bytes;

    must(files_connect(&files), "files");
    buffer = files_buffer(&files, &bytes);
    must(bytes < PIECE ? ERR_RANGE : ERR_OK, "a buffer");
    open_number(FILE_BIG, path, &big);
    spinner_open();
    spinner_set(true);
    bench_cached();
    bench_uncached();
    bench_warm();
    bench_map();
    bench_cold();
    must(bench_recover(&with), "recovery");
    debug_printf("the benchmarks of files are done\n");
    must(ipc_call(self_cap("system"), &info, words, DEADLINE_NEVER), "power off");
    return 0;
}
