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

/*
 * Since when each program has been found waiting for the answer to a call of its own; 0: it was not. One that waits for a
 * server which answers its own probes is not silent, it waits; but not for ever, unless the system says that it may.
 */
static ns_t waiting_since_ns[DESCRIPTION_PROGRAMS];
#define WAITING_NS_MAX NS_PER_S

static bool is_waiting_for_another(uint32_t program)
{
    uint32_t state = THREAD_STATE_INACTIVE, fault, rank;
    uint64_t address, ip, switches;

    if (thread_info(slot_of(program, PART_MAKING) + PROGRAM_PARENT_THREAD, &state, &fault, &address,
                    &ip, &rank, &switches) != ERR_OK ||
        state != THREAD_STATE_CALLING) {
        waiting_since_ns[program] = 0;
        return false;
    }
    if (waiting_since_ns[program] == 0) {
        waiting_since_ns[program] = clock_now();
    }
    return (description_of(program)->flags & DESCRIPTION_MAY_WAIT) != 0 ||
           clock_now() - waiting_since_ns[program] < WAITING_NS_MAX;
}

static void probe(uint32_t program)
{
    struct record *record = record_of(program);
    err_t err = ERR_TIMED_OUT;
    ns_t answer_ns = warden()->description.header.patience * ANSWER_MS * NS_PER_MS;
    ns_t start_ns = 0;
    uint64_t words[8];

    if (has_progressed(program) || is_waiting_for_another(program)) {
        return;
    }
    for (uint32_t i = 0; i < ATTEMPTS && err == ERR_TIMED_OUT; i++) {
        alive(0);
        start_ns = clock_now();
        err = ipc_call_method(slot_of(program, PART_MASTER), SERVICE_PROBE, start_ns + answer_ns, 0,
                              1, words);
    }
    ns_t spent_ns = clock_now() - start_ns;

    if (atomic_load_explicit(&warden()->requests[program].wants, memory_order_relaxed) != 0) {
        return; /* it died meanwhile, or is to: that is not silence */
    }
    if (err == ERR_TIMED_OUT && !has_progressed(program) && !is_waiting_for_another(program)) {
        say(LOG_ERROR, "%s does not answer", description_of(program)->name);
        program_failed(program, true);
    } else if (err == ERR_OK && spent_ns > record->probe_worst_ns) {
        record->probe_worst_ns = spent_ns;
        record_seal(record);
    }
}

/* Nobody is going to serve those who wait in its queue: they are told. */
static void callers_tell(uint32_t program)
{
    uint32_t cancelled = 1;

    while (cancelled != 0 &&
           endpoint_cancel(slot_of(program, PART_ENDPOINT), &cancelled) == ERR_OK) {
        alive(0);
    }
}

static void look_after(uint32_t program)
{
    uint32_t state = record_of(program)->state;

    if (state == SYSTEM_STATE_RUNNING) {
        if (description_of(program)->flags & DESCRIPTION_PROBE) {
            probe(program);
        }
    } else if (state != SYSTEM_STATE_WAITING && is_mine(program)) {
        callers_tell(program);
    }
}

void probe_all(void)
{
    for (uint32_t rank = 0; rank < RANKS; rank++) {
        for (uint32_t i = 0; i < warden()->count; i++) {
            if (description_of(i)->rank == rank) {
                look_after(i);
            }
        }
    }
}
