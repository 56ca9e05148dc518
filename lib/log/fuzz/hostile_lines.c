/* SPDX-License-Identifier: MIT */
/*
 * Writers that put anything into their rings, and kept memory that is damaged at random: whatever lies there, the server
 * ends, stays inside its memory, hands out only lines that are right, in order, and an honest writer beside
 * the others loses nothing. Usage: hostile_lines [--runs N] [--seed N]
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log/ring.h"
#include "log/store.h"

enum { WRITERS = 3, HONEST = 0, KEPT = 16, LINES = 64, STEPS = 24, TAKES_MAX = 100000 };

static uint64_t state;

static uint32_t below(uint32_t limit)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33) % limit;
}

static void fail(const char *why, uint64_t run)
{
    fprintf(stderr, "run %lu: %s\n", run, why);
    abort();
}

/* Mostly what could nearly be: right sums on wrong numbers. */
static void slot_spoil(struct log_record *slot, uint32_t index)
{
    switch (below(4)) {
    case 0:
        for (size_t i = 0; i < sizeof(*slot); i++) {
            ((unsigned char *)slot)[i] = (unsigned char)below(256);
        }
        break;
    case 1:
        ((unsigned char *)slot)[below(sizeof(*slot))] ^= (unsigned char)(1u << below(8));
        break;
    default:
        memset(slot, 0, sizeof(*slot));
        slot->length = (uint8_t)below(100);
        slot->level = (uint8_t)below(5);
        slot->program = (uint16_t)below(4);
        slot->number = below(2) == 0 ? UINT64_MAX - below(3) : below(100);
        slot->sequence = below(2) == 0 ? UINT64_MAX - below(3) : below(100);
        slot->source = (below(8) == 0 ? UINT64_MAX - 200 : below(1000) * 64ul) + index;
        slot->time_ns = below(2) == 0 ? UINT64_MAX : below(1000);
        log_record_seal(slot);
    }
}

static void lines_check(const struct log_store *store, uint64_t run)
{
    struct log_record wanted = { .program = LOG_ANYBODY, .level = LOG_DETAIL };
    struct log_record lines[LINES];
    uint64_t last = 0, next;
    uint32_t count = log_store_read(store, &wanted, lines, LINES, &next);

    for (uint32_t i = 0; i < count; i++) {
        if (!log_record_is_right(&lines[i]) || lines[i].sequence <= last) {
            fail("a line that is not right, or out of order", run);
        }
        last = lines[i].sequence;
    }
}

struct world {
    struct log_record memory[WRITERS][LOG_RING_SLOTS];
    struct log_record kept[WRITERS * KEPT];
    struct log_taker takers[WRITERS];
    struct log_store store;
};

static void world_open(struct world *world, uint64_t run)
{
    world->store.writer_count = WRITERS;
    for (uint32_t i = 0; i < WRITERS; i++) {
        world->store.writers[i].program = (uint16_t)i;
    }
    if (!log_store_open(&world->store, world->kept, sizeof(world->kept))) {
        fail("the memory is enough", run);
    }
    for (uint32_t i = 0; i < WRITERS; i++) {
        world->takers[i] = (struct log_taker){ world->memory[i], world->store.writers[i].taken + 1,
                                               world->store.writers[i].dropped };
    }
}

static uint64_t world_collect(struct world *world, uint32_t writer, uint64_t run)
{
    struct log_record line;
    uint64_t count = 0;

    while (log_ring_take(&world->takers[writer], &line)) {
        log_store_add(&world->store, writer, &line, 1000);
        if (++count > TAKES_MAX) {
            fail("taking does not end", run);
        }
    }
    return count;
}

static void once(uint64_t run)
{
    struct world *world = calloc(1, sizeof(*world));
    struct log_ring honest;
    uint64_t said = 0, heard = 0;

    if (world == NULL) {
        fail("no memory", run);
    }
    log_ring_open(&honest, world->memory[HONEST]);
    world_open(world, run);
    for (uint32_t step = 0; step < STEPS; step++) {
        uint32_t liar = 1 + below(WRITERS - 1);
        uint32_t slot = below(LOG_RING_SLOTS);

        slot_spoil(&world->memory[liar][slot], slot);
        log_ring_write(&honest, LOG_INFO, step, "honest");
        said++;
        (void)world_collect(world, liar, run);
        heard += world_collect(world, HONEST, run);
        lines_check(&world->store, run);
    }
    if (heard != said) {
        fail("an honest writer lost a line", run);
    }
    for (uint32_t i = 0; i < STEPS; i++) {
        uint32_t slot = below(WRITERS * KEPT);

        slot_spoil(&world->kept[slot], slot % KEPT);
        world_open(world, run);
        lines_check(&world->store, run);
        (void)world_collect(world, below(WRITERS), run);
        lines_check(&world->store, run);
    }
    free(world);
}

int main(int argc, char **argv)
{
    uint64_t runs = 1000;

    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--runs") == 0) {
            runs = strtoul(argv[i + 1], NULL, 0);
        } else if (strcmp(argv[i], "--seed") == 0) {
            state = strtoul(argv[i + 1], NULL, 0);
        }
    }
    for (uint64_t run = 0; run < runs; run++) {
        once(run);
    }
    printf("note: hostile_lines: %lu runs\n", runs);
    return 0;
}
