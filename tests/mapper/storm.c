/* SPDX-License-Identifier: MIT */
/*
 * Maps and unmaps at random, looks at all that it has, and has others die meanwhile, if it may. Another program does the same
 * beside it.
 */
#include "mapper.h"

#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/self.h"
#include "service/service.h"
#include "system/ask.h"

enum { PARTS = 12, TURNS = 2500, TURNS_PER_HARM = 40, PAGES_MOST = 40, STEPS_MOST = 7, KINDS = 6 };

/* Init starts ten wardens in ten seconds. */
#define WARDEN_NS (1500 * NS_PER_MS)

static uint64_t state;

static uint32_t below(uint32_t limit)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((state >> 33) % limit);
}

static void part_turn(struct mapped *part)
{
    if (part->map.pages != 0) {
        wants("it is the file still", 1, part_is_right(part));
        files_unmap(&files, &part->map);
        return;
    }
    part->position = below((uint32_t)(file.bytes / PAGE_BYTES)) * PAGE_BYTES;
    wants("map", ERR_OK, files_map(&file, part->position, 1 + below(PAGES_MOST), 0, &part->map));
    wants("it is the file", 1, part_is_right(part));
}

static void program_harm(const char *name, enum system_op op)
{
    uint64_t number = 0, result;
    err_t err = system_find(name, clock_now() + NS_PER_S, &number);

    /* It may be down already, and so may the warden be. */
    if (err == ERR_OK) {
        (void)ask(op, number, SERVICE_HANG_LOOP, &result);
    }
}

static void harm_any(void)
{
    static ns_t next_ns; /* death of a warden */
    uint64_t words[8] = { 1 + below(STEPS_MOST), SYSTEM_HARM_FAULT };

    switch (below(KINDS)) {
    case 0:
        program_harm("files", SYSTEM_FAIL);
        break;
    case 1:
        program_harm("disk", SYSTEM_FAIL);
        break;
    case 2:
        program_harm("files", SYSTEM_HANG);
        break;
    default: /* at a step of what is done next */
        if (clock_now() >= next_ns) {
            next_ns = clock_now() + WARDEN_NS;
            (void)!system_ask(SYSTEM_STEP, words, clock_now() + NS_PER_S);
        }
        break;
    }
}

void storm(void)
{
    static struct mapped parts[PARTS];
    bool may_harm = self_cap("system") != 0;
    uint64_t mapped = 0, left;

    state = clock_now() + may_harm;
    for (uint32_t i = 0; i < TURNS; i++) {
        struct mapped *part = &parts[below(PARTS)];

        part_turn(part);
        mapped += part->map.pages;
        if (may_harm && i % TURNS_PER_HARM == 0) {
            harm_any();
        }
    }
    for (uint32_t i = 0; i < PARTS; i++) {
        wants("it is the file to the end", 1, part_is_right(&parts[i]));
        files_unmap(&files, &parts[i].map);
    }
    if (may_harm) {
        wants("no more steps", ERR_OK, ask(SYSTEM_STEP, 0, SYSTEM_HARM_FAULT, &left));
    }
    debug_printf("mapper: %lu pages mapped, %lu calls repeated, %lu files opened again\n",
                 (unsigned long)mapped, (unsigned long)files.repeated,
                 (unsigned long)files.reopened);
}
