/* SPDX-License-Identifier: MIT */
/* Must stay true: each request in flight has a piece of the data area of its own: number times piece. */
#include "diskcheck.h"
#include "pattern.h"
#include "pith/clock.h"

/* A request in flight. */
struct flight {
    uint64_t sector;
    uint32_t bytes;
};

struct progress {
    struct pass *pass;
    struct flight flights[DEPTH_MAX];
    uint64_t next; /* request */
    uint64_t count;
};

static uint64_t *piece_of(const struct checker *checker, uint32_t number)
{
    char *data = session_data(&checker->client.session);

    return (uint64_t *)(void *)(data + (uint64_t)number * checker->piece);
}

static uint64_t random_next(struct checker *checker)
{
    checker->random ^= checker->random << 13;
    checker->random ^= checker->random >> 7;
    checker->random ^= checker->random << 17;
    return checker->random;
}

static void flight_plan(struct checker *checker, struct progress *progress, uint32_t number)
{
    const struct pass *pass = progress->pass;
    struct flight *flight = &progress->flights[number];
    uint64_t piece = checker->piece / BLOCK_SECTOR_BYTES;
    uint64_t sectors = piece;

    if (pass->is_random) {
        sectors = random_next(checker) % piece + 1;
        if (sectors > pass->sectors) {
            sectors = pass->sectors;
        }
        flight->sector = random_next(checker) % (pass->sectors - sectors + 1);
    } else {
        flight->sector = progress->next * piece;
        if (sectors > pass->sectors - flight->sector) {
            sectors = pass->sectors - flight->sector;
        }
    }
    flight->bytes = (uint32_t)sectors * BLOCK_SECTOR_BYTES;
}

static void flight_start(struct checker *checker, struct progress *progress, uint32_t number)
{
    struct pass *pass = progress->pass;
    struct flight *flight = &progress->flights[number];

    flight_plan(checker, progress, number);
    progress->next++;
    for (uint32_t i = 0; pass->operation == BLOCK_WRITE && i < flight->bytes / BLOCK_SECTOR_BYTES;
         i++) {
        pattern_fill(piece_of(checker, number) + (uint64_t)i * PATTERN_WORDS, flight->sector + i,
                     pass->version);
    }

    struct block_work work = { .operation = pass->operation,
                               .bytes = flight->bytes,
                               .sector = flight->sector,
                               .offset = (uint64_t)number * checker->piece,
                               .deadline_ns = DEADLINE_NEVER,
                               .cookie = number };

    pass->errors += block_client_submit(&checker->client, &work) != ERR_OK;
}

static void sector_check(struct pass *pass, const uint64_t *words, uint64_t sector)
{
    pass->checksum += pattern_checksum(words, sector);
    if (pass->has_pattern && !pattern_matches(words, sector, pass->version)) {
        pass->first_bad = pass->bad_sectors++ == 0 ? sector : pass->first_bad;
    }
}

static void flight_end(struct checker *checker, struct progress *progress,
                       const struct block_result *result)
{
    struct pass *pass = progress->pass;
    uint32_t number = (uint32_t)result->cookie;
    const struct flight *flight = &progress->flights[number];
    uint64_t *words = piece_of(checker, number);

    pass->requests++;
    if (result->err) {
        pass->errors++;
        return;
    }
    pass->bytes += flight->bytes;
    for (uint32_t i = 0; pass->operation == BLOCK_READ && i < flight->bytes / BLOCK_SECTOR_BYTES;
         i++) {
        sector_check(pass, words + (uint64_t)i * PATTERN_WORDS, flight->sector + i);
        words[(uint64_t)i * PATTERN_WORDS] = 0; /* so that a read that does nothing shows */
    }
}

void pass_run(struct checker *checker, struct pass *pass)
{
    static struct progress progress;
    uint64_t piece = checker->piece / BLOCK_SECTOR_BYTES;
    struct block_result result;
    ns_t start = clock_now();

    progress = (struct progress){ .pass = pass };
    progress.count = pass->count != 0 ? pass->count : (pass->sectors + piece - 1) / piece;
    for (uint32_t i = 0; i < checker->depth && progress.next < progress.count; i++) {
        flight_start(checker, &progress, i);
    }
    while (checker->client.count > 0) {
        block_client_wait(&checker->client, &checker->service, &result);
        flight_end(checker, &progress, &result);
        if (progress.next < progress.count) {
            flight_start(checker, &progress, (uint32_t)result.cookie);
        }
    }
    pass->took_ns = clock_now() - start;
}
