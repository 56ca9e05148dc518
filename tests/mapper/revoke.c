/* SPDX-License-Identifier: MIT */
/*
 * Another client gave what it was granted to `taker` and ended: the warden revokes that, and dies at each step on the way until the
 * pages are back.
 */
#include "mapper.h"

#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/string.h"
#include "system/ask.h"

enum { STEPS_MAX = 100, TRIES = 500, PIECE_BYTES = 65536 };

#define TURN_NS (5 * NS_PER_MS)
/* Init starts ten wardens in ten seconds, and others died before. */
#define PAUSE_NS (1500 * NS_PER_MS)

static uint64_t state_of(uint64_t program)
{
    uint64_t words[8] = { program };
    err_t err = system_ask(SYSTEM_PROGRAM, words, clock_now() + NS_PER_S);

    return err == ERR_OK ? words[SYSTEM_PROGRAM_STATE] & UINT32_MAX : SYSTEM_STATE_WAITING;
}

/* One life of the other client, from its beginning to its end; somewhere after that the warden dies. */
static void other_runs(uint64_t other, uint64_t number)
{
    uint64_t words[8] = { other }, left;

    memcpy(&words[1], "smuggle", sizeof("smuggle"));
    wants("the other starts", ERR_OK, system_ask(SYSTEM_START, words, clock_now() + NS_PER_S));
    wants("a step", ERR_OK, ask(SYSTEM_STEP, number, SYSTEM_HARM_FAULT, &left));
    for (uint32_t i = 0; i < TRIES && state_of(other) != SYSTEM_STATE_ENDED; i++) {
        sleep_until(clock_now() + TURN_NS);
    }
    wants("and ends", SYSTEM_STATE_ENDED, state_of(other));
}

/* The disk is heard of, and so is who is gone: until nothing is granted. */
static void pages_come_back(uint32_t before)
{
    static unsigned char piece[PIECE_BYTES];
    static uint64_t position;
    uint64_t done;

    for (uint32_t i = 0; i < TRIES && granted() > before; i++) {
        wants("a read", ERR_OK, files_read(&file, position, piece, sizeof(piece), &done));
        position = (position + PIECE_BYTES) % (file.bytes - PIECE_BYTES);
        sleep_until(clock_now() + TURN_NS);
    }
    wants("pages that are back", before, granted());
}

void revoke(void)
{
    uint32_t before = granted();
    uint64_t number = 0, left = 0, other = 0;

    wants("the other", ERR_OK, system_find("keeper", clock_now() + NS_PER_S, &other));
    while (number < STEPS_MAX && left == 0) {
        number++;
        other_runs(other, number);
        pages_come_back(before);
        wants("how far it came", ERR_OK, ask(SYSTEM_STEP, 0, SYSTEM_HARM_FAULT, &left));
        sleep_until(clock_now() + PAUSE_NS);
    }
    debug_printf("mapper: the warden died at %lu steps\n", (unsigned long)number - 1);
}
