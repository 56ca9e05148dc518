/* SPDX-License-Identifier: MIT */
/* What is mapped stays as it is, whoever dies; and the warden dies at each of its steps. */
#include "mapper.h"

#include "pith/clock.h"
#include "pith/debug.h"
#include "service/service.h"
#include "system/ask.h"

enum { PARTS = 8, STEPS_MAX = 100, MAP_TRIES = 200, PIECE_BYTES = 65536 };

#define AFTER_NS (60 * NS_PER_MS)
/* Init starts ten wardens in ten seconds, and others died before. */
#define PAUSE_NS (1500 * NS_PER_MS)

static const struct harm {
    const char *name; /* NULL: the warden */
    enum system_op op;
    uint64_t how;
} harms[] = {
    { "files", SYSTEM_FAIL, 0 },
    { "disk", SYSTEM_FAIL, 0 },
    { "files", SYSTEM_HANG, SERVICE_HANG_LOOP },
    { NULL, SYSTEM_WARDEN, SYSTEM_HARM_FAULT },
    { "files", SYSTEM_FAIL, 0 },
    { "pci", SYSTEM_FAIL, 0 },
    { NULL, SYSTEM_WARDEN, SYSTEM_HARM_HANG },
    { "disk", SYSTEM_HANG, SERVICE_HANG_IRQ },
};

static void harm_do(const struct harm *harm)
{
    uint64_t words[8] = { harm->how };
    uint64_t number, result;

    if (harm->name == NULL) {
        (void)!system_ask(harm->op, words, clock_now() + NS_PER_S); /* it says nothing */
    } else {
        wants("a victim", ERR_OK, system_find(harm->name, clock_now() + NS_PER_S, &number));
        wants("harm", ERR_OK, ask(harm->op, number, harm->how, &result));
    }
    sleep_until(clock_now() + AFTER_NS);
}

/* More than the cache holds: every page of it that can be used again is. */
static void read_all(void)
{
    static unsigned char piece[PIECE_BYTES];
    uint64_t done = 1;

    for (uint64_t position = 0; position < file.bytes && done != 0; position += done) {
        wants("a read", ERR_OK, files_read(&file, position, piece, sizeof(piece), &done));
    }
}

static void parts_check(const char *when, const struct mapped *parts, uint32_t count)
{
    uint32_t wrong = 0;

    for (uint32_t i = 0; i < count; i++) {
        wrong += !part_is_right(&parts[i]);
    }
    wants(when, 0, wrong);
}

static uint32_t pages_of(const struct mapped *parts, uint32_t count)
{
    uint32_t pages = 0;

    for (uint32_t i = 0; i < count; i++) {
        pages += parts[i].map.pages;
    }
    return pages;
}

void hold(void)
{
    static struct mapped parts[PARTS];
    uint32_t before = granted();
    uint32_t count = map_all(parts, PARTS);
    uint32_t pages = pages_of(parts, count);

    wants("parts", PARTS, count);
    parts_check("what was mapped is not the file", parts, count);
    for (uint32_t i = 0; i < sizeof(harms) / sizeof(harms[0]); i++) {
        harm_do(&harms[i]);
        read_all();
        parts_check(harms[i].name != NULL ? harms[i].name : "warden", parts, count);
        wants("pages granted after a death", before + pages, granted());
    }
    debug_printf("mapper: %u pages held, %lu calls repeated, %lu files opened again\n", pages,
                 (unsigned long)files.repeated, (unsigned long)files.reopened);
    for (uint32_t i = 0; i < count; i++) {
        files_unmap(&files, &parts[i].map);
    }
    comes_back("pages granted at the end", before);
}

/* Map, look, unmap, with the warden to die at a step of that. True: it did. */
static bool step_try(uint64_t number, enum system_harm how)
{
    struct mapped part = { .position = 0 };
    uint64_t left = 0;

    wants("a step", ERR_OK, ask(SYSTEM_STEP, number, how, &left));
    for (uint32_t i = 0; i < MAP_TRIES && part.map.pages == 0; i++) {
        wants("map", ERR_OK, files_map(&file, 0, FILES_MAP_PAGES, 0, &part.map));
    }
    wants("a page at least", 1, part.map.pages != 0);
    wants("it is the file", 1, part_is_right(&part));
    files_unmap(&files, &part.map);
    wants("how far it came", ERR_OK, ask(SYSTEM_STEP, 0, SYSTEM_HARM_FAULT, &left));
    return left == 0;
}

static void steps_try(enum system_harm how)
{
    uint32_t before = granted();
    uint64_t number = 1;

    while (number < STEPS_MAX && step_try(number, how)) {
        comes_back("pages granted after a step", before);
        sleep_until(clock_now() + PAUSE_NS);
        number++;
    }
    comes_back("pages granted after the last step", before);
    debug_printf("mapper: the warden died at %lu steps\n", (unsigned long)number - 1);
}

void steps(void)
{
    steps_try(SYSTEM_HARM_FAULT);
}

void hangs(void)
{
    steps_try(SYSTEM_HARM_HANG);
}
