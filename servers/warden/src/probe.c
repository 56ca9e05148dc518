/* SPDX-License-Identifier: MIT */
/*
 * Is everybody there? From the lowest rank up, so that who waits for a hung server is asked after that server
 * has been replaced. The call lends: lack of time is no excuse. But the machine itself may have stood still, as
 * emulated ones on a busy host do; then the first deadline has passed before anybody could run. So silence is two
 * deadlines in a row.
 */
#include "warden.h"

#include "pith/clock.h"
#include "pith/kernel_calls.h"
#include "say.h"
#include "service/service.h"

enum { ANSWER_MS = 10, ATTEMPTS = 2, RANKS = 16 };

static void probe(uint32_t program)
{
    struct record *record = record_of(program);
    err_t err = ERR_TIMED_OUT;
    ns_t start_ns = 0;
    uint64_t words[8];

    for (uint32_t i = 0; i < ATTEMPTS && err == ERR_TIMED_OUT; i++) {
        alive(0);
        start_ns = clock_now();
        err = ipc_call_method(slot_of(program, PART_MASTER), SERVICE_PROBE,
                              start_ns + ANSWER_MS * NS_PER_MS, 0, 1, words);
    }
    ns_t spent_ns = clock_now() - start_ns;

    if (atomic_load_explicit(&warden()->requests[program].wants, memory_order_relaxed) != 0) {
        return; /* it died meanwhile, or is to: that is not silence */
    }
    if (err == ERR_TIMED_OUT) {
        say(LOG_ERROR, "%s does not answer", description_of(program)->name);
        program_failed(program, true);
    } else if (spent_ns > record->probe_worst_ns) {
        record->probe_worst_ns = spent_ns;
        record_seal(record);
    }
}

void probe_all(void)
{
    for (uint32_t rank = 0; rank < RANKS; rank++) {
        for (uint32_t i = 0; i < warden()->count; i++) {
            if (description_of(i)->rank == rank &&
                (description_of(i)->flags & DESCRIPTION_PROBE) != 0 &&
                record_of(i)->state == SYSTEM_STATE_RUNNING) {
                probe(i);
            }
        }
    }
}
