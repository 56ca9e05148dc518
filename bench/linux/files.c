/* SPDX-License-Identifier: MIT */
/* The reads of bench/files, of the same disk. */
#define _GNU_SOURCE
#include "bench.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "marks/marks.h"

enum {
    KIB = 1024,
    MIB = 1024 * KIB,
    PAGE = 4 * KIB,
    BIG_PAGES = 64 * MIB / PAGE,
    STEP = 4099,
    FEW_PAGES = 64,
    FEW_STEP = 7,
    PIECE = 64 * KIB,
    FILES_SMALL = 16,
    CACHED_TURNS = 2000,
    UNCACHED_TURNS = 1000,
    WARM_TURNS = 100,
    COLD_ROUNDS = 4,
};

static unsigned char buffer[PIECE] __attribute__((aligned(4096)));

static void check(uint64_t number, uint64_t position, size_t bytes)
{
    const uint64_t *words = (const void *)buffer;

    for (size_t i = 0; i < bytes / 8; i++) {
        must(words[i] == (number << 32 | (position / 8 + i)), "the right bytes");
    }
}

static void bench_cached(void)
{
    int file = open("/disk/big", O_RDONLY | O_CLOEXEC);

    must(file >= 0, "/disk/big");
    for (int i = 0; i < CACHED_TURNS + FEW_PAGES; i++) {
        off_t position = (off_t)(i * FEW_STEP % FEW_PAGES) * PAGE;
        ssize_t done;

        if (i < FEW_PAGES) {
            done = pread(file, buffer, PAGE, position);
        } else {
            MARK_BEGIN(ROW_READ_4K_CACHED);
            done = pread(file, buffer, PAGE, position);
            MARK_END(ROW_READ_4K_CACHED);
        }
        must(done == PAGE, "read");
        check(0, (uint64_t)position, PAGE);
    }
    close(file);
}

static void bench_uncached(void)
{
    int file = open("/disk/big", O_RDONLY | O_DIRECT | O_CLOEXEC);

    must(file >= 0, "/disk/big, direct");
    for (long i = 1; i <= UNCACHED_TURNS; i++) {
        off_t position = i * STEP % BIG_PAGES * PAGE;
        ssize_t done;

        MARK_BEGIN(ROW_READ_4K_UNCACHED);
        done = pread(file, buffer, PAGE, position);
        MARK_END(ROW_READ_4K_UNCACHED);
        must(done == PAGE, "direct read");
        check(0, (uint64_t)position, PAGE);
    }
    close(file);
}

static int open_small(int number)
{
    char path[32];
    int file;

    snprintf(path, sizeof(path), "/disk/%d", number);
    file = open(path, O_RDONLY | O_CLOEXEC);
    must(file >= 0, path);
    return file;
}

static void read_mib(int file)
{
    for (int i = 0; i < MIB / PIECE; i++) {
        must(read(file, buffer, PIECE) == PIECE, "read");
    }
}

static void bench_warm(void)
{
    int file = open_small(1);

    read_mib(file);
    for (int i = 0; i < WARM_TURNS; i++) {
        lseek(file, 0, SEEK_SET);
        MARK_BEGIN(ROW_READ_1M_WARM);
        read_mib(file);
        MARK_END(ROW_READ_1M_WARM);
        check(1, MIB - PIECE, PIECE);
    }
    close(file);
}

static void cache_drop(void)
{
    int file = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

    must(file >= 0 && write(file, "1", 1) == 1, "drop_caches");
    close(file);
}

static void bench_cold(void)
{
    for (int i = 0; i < COLD_ROUNDS * FILES_SMALL; i++) {
        int number = 1 + i % FILES_SMALL;
        int file = open_small(number);

        cache_drop();
        MARK_BEGIN(ROW_READ_1M_COLD);
        read_mib(file);
        MARK_END(ROW_READ_1M_COLD);
        check((uint64_t)number, MIB - PIECE, PIECE);
        close(file);
    }
}

void bench_files(void)
{
    bench_cached();
    bench_uncached();
    bench_warm();
    bench_cold();
}
