/* SPDX-License-Identifier: MIT */
/*
 * A client of the file server that maps what it reads (docs/grants.md), in the ways that tests/scenario/grants.py names. Each
 * eight bytes of the file /big say where they are.
 */
#include "mapper.h"

#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/file_calls.h"
#include "pith/self.h"
#include "pith/string.h"
#include "system/ask.h"

#include "abi/names.h"

enum { PART_PAGES = 8, TRIES = 200, PAGES_PASSED = 4, PARTS_LEFT = 8 };

#define TURN_NS (5 * NS_PER_MS)
#define CALL_NS (3 * NS_PER_S)
#define FACTOR 0x9e3779b97f4a7c15ull

struct files files;
struct file file;
static uint32_t failures;

void wants(const char *what, uint64_t wanted, uint64_t got)
{
    if (wanted != got) {
        debug_printf("FAIL mapper: %s: wanted: %lu got: %lu\n", what, (unsigned long)wanted,
                     (unsigned long)got);
        failures++;
    }
}

uint32_t map_all(struct mapped *parts, uint32_t most)
{
    uint32_t count = 0;

    for (uint64_t position = 0; position < file.bytes && count < most;) {
        struct mapped *part = &parts[count];

        wants("files_map()", ERR_OK, files_map(&file, position, PART_PAGES, 0, &part->map));
        part->position = position;
        count += part->map.pages != 0;
        position += (part->map.pages != 0 ? part->map.pages : PAGES_PASSED) * PAGE_BYTES;
    }
    return count;
}

bool part_is_right(const struct mapped *part)
{
    const uint64_t *words = part->map.start;
    uint64_t first = part->position / sizeof(*words);

    for (uint64_t i = 0; i < part->map.pages * PAGE_BYTES / sizeof(*words); i++) {
        if (words[i] != (first + i + 1) * FACTOR) {
            return false;
        }
    }
    return true;
}

uint32_t granted(void)
{
    uint32_t a, b, c, pages = UINT32_MAX;
    uint64_t d, e, f, g;
    err_t err = ERR_PEER_DIED;

    for (uint32_t i = 0; i < TRIES && err != ERR_OK; i++) {
        err =
            file_info(file.server->cap, clock_now() + CALL_NS, &a, &d, &b, &e, &f, &g, &c, &pages);
    }
    return pages;
}

void comes_back(const char *what, uint32_t pages)
{
    for (uint32_t i = 0; i < TRIES && granted() > pages; i++) {
        sleep_until(clock_now() + TURN_NS);
    }
    wants(what, pages, granted());
}

err_t ask(uint32_t op, uint64_t first, uint64_t second, uint64_t *result)
{
    err_t err = ERR_TIMED_OUT;

    for (uint32_t i = 0; i < TRIES && (err == ERR_TIMED_OUT || err == ERR_PEER_DIED); i++) {
        uint64_t words[8] = { first, second };

        err = system_ask((enum system_op)op, words, clock_now() + CALL_NS);
        *result = words[0];
    }
    return err;
}

/* Ends with all that it has mapped. */
static void leave(void)
{
    static struct mapped parts[PARTS_LEFT];
    uint32_t count = map_all(parts, PARTS_LEFT);

    wants("parts", PARTS_LEFT, count);
    debug_printf("mapper: %u pages are granted\n", granted());
}

/* Has something mapped, and does nothing about it. */
static _Noreturn void stay(void)
{
    static struct mapped part;

    wants("a part", 1, map_all(&part, 1));
    debug_printf("mapper: it stays, with grant %u\n", part.map.grant);
    for (;;) {
        sleep_until(DEADLINE_NEVER);
    }
}

static const struct {
    const char *name;
    void (*does)(void);
} ways[] = { { "hold", hold },   { "steps", steps },     { "hangs", hangs }, { "refuse", refuse },
             { "leave", leave }, { "smuggle", smuggle }, { "take", take },   { "stay", stay },
             { "lend", lend },   { "revoke", revoke },   { "storm", storm } };

int main(void)
{
    const char *args = self_args();
    err_t err = files_connect(&files);

    files.patience_ns = 30 * NS_PER_S;
    if (err == ERR_OK) {
        err = files_open(&files, "/big", 0, &file);
    }
    wants("the file", ERR_OK, err);
    for (uint32_t i = 0; err == ERR_OK && i < sizeof(ways) / sizeof(ways[0]); i++) {
        if (strcmp(args, ways[i].name) == 0) {
            ways[i].does();
        }
    }
    debug_printf("mapper: %s: %u failures\n", args, failures);
    return 0;
}
