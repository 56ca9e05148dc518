/* SPDX-License-Identifier: MIT */
/* Ends and beginnings. Each step can be done again: a warden that dies in between leaves a record that says so. */
#include "warden.h"

#include "children.h"
#include "lending.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"
#include "pith/start.h"
#include "pith/string.h"
#include "say.h"
#include "service/service.h"

#include "abi/names.h"

enum { BACK_OFF_FIRST_MS = 10, BACK_OFF_MAX_MS = 1000, BACK_OFF_STEPS = 8 };

void program_counts(uint32_t program, ns_t *used_ns, uint64_t *switches)
{
    cap_addr_t first = slot_of(program, PART_MAKING);
    uint64_t used = 0, remaining, budget, period, address, ip, count = 0;
    uint32_t priority, state, fault, rank;

    *used_ns = record_of(program)->used_ns;
    *switches = record_of(program)->switches;
    if (sched_context_info(first + PROGRAM_PARENT_CONTEXT, &used, &remaining, &priority, &budget,
                           &period) == ERR_OK) {
        *used_ns += used;
    }
    if (thread_info(first + PROGRAM_PARENT_THREAD, &state, &fault, &address, &ip, &rank, &count) ==
        ERR_OK) {
        *switches += count;
    }
}

/* What the ear noted is done, or was of a life that is over. */
static void wants_clear(uint32_t program, uint32_t wants)
{
    step();
    /* Relaxed: nothing is handed over; what the bits told of was read before. */
    atomic_fetch_and_explicit(&warden()->requests[program].wants, ~wants, memory_order_relaxed);
}

void program_end(uint32_t program, enum intent intent, enum system_state state)
{
    struct record *record = record_of(program);
    ns_t used_ns;
    uint64_t switches;

    record_intend(record, intent);
    program_counts(program, &used_ns, &switches);
    device_quiesce(program);
    step();
    program_sweep(slot_of(program, PART_UNTYPED), slot_of(program, PART_MAKING));
    sessions_renew(program);
    pool_sweep(program);
    children_renew(program); /* they were made of its memory */
    wants_clear(program, WANT_DIED | WANT_FAIL | WANT_HANG |
                             (intent == INTENT_STOP    ? WANT_KILL
                              : intent == INTENT_START ? WANT_START
                                                       : 0));
    record->used_ns = used_ns;
    record->switches = switches;
    record->state = state;
}

static ns_t back_off_ns(uint32_t recent)
{
    if (recent <= 1) {
        return 0;
    }
    uint32_t steps = recent - 2 < BACK_OFF_STEPS ? recent - 2 : BACK_OFF_STEPS;
    uint64_t ms = (uint64_t)BACK_OFF_FIRST_MS << steps;

    return (ms < BACK_OFF_MAX_MS ? ms : BACK_OFF_MAX_MS) * NS_PER_MS;
}

static void restart_when(uint32_t program)
{
    const struct description_program *description = description_of(program);
    struct record *record = record_of(program);
    ns_t now_ns = clock_now();

    if (now_ns - record->window_ns > description->restart_window_ms * NS_PER_MS) {
        record->window_ns = now_ns;
        record->recent = 0;
    }
    record->recent++;
    if (record->recent > description->restart_limit) {
        say(LOG_ERROR, "%s died %u times within %u s, and stays down", description->name,
            record->recent, description->restart_window_ms / 1000);
        record->state = SYSTEM_STATE_DEGRADED;
    } else {
        record->state = SYSTEM_STATE_WAITING;
        record->due_ns = now_ns + back_off_ns(record->recent);
    }
}

void restart_plan(uint32_t program)
{
    if (description_of(program)->restart_limit != 0) {
        restart_when(program);
    }
    record_intend(record_of(program), INTENT_NONE);
}

bool program_begin(uint32_t program)
{
    struct record *record = record_of(program);

    if (program_start_now(program) == ERR_OK) {
        return true;
    }
    if (warden()->is_unfit[program]) {
        record->state = SYSTEM_STATE_DEGRADED;
        record_intend(record, INTENT_NONE);
        return false;
    }
    record->state = SYSTEM_STATE_FAULTED;
    restart_plan(program);
    return false;
}

static void restart_now(uint32_t program)
{
    struct record *record = record_of(program);

    record->restarts++;
    if (!program_begin(program)) {
        return;
    }
    record->ran_ns = clock_now();
    if (record->died_ns != 0) {
        recovery_note(record->ran_ns - record->died_ns);
    }
    if (record->died_ns != 0 && record->ran_ns - record->died_ns > record->worst_ns) {
        record->worst_ns = record->ran_ns - record->died_ns;
    }
    record_seal(record);
    say(LOG_INFO, "%s restarted (%u)", description_of(program)->name, record->restarts);
}

void program_failed(uint32_t program, bool is_hang)
{
    struct record *record = record_of(program);

    record->died_ns = clock_now();
    record->hangs += is_hang;
    record->faults += !is_hang;
    record->fault = is_hang ? 0 : record->fault; /* that was another life's */
    program_end(program, INTENT_END,
                record_has_ended(record) ? SYSTEM_STATE_ENDED : SYSTEM_STATE_FAULTED);
    say(LOG_DETAIL, "%s destroyed, %lu KiB given back", description_of(program)->name,
        description_of(program)->memory_bytes / 1024);
    restart_plan(program);
}

static void death_note(uint32_t program)
{
    const struct request *request = &warden()->requests[program];
    const char *name = description_of(program)->name;
    struct record *record = record_of(program);

    record->fault = (uint32_t)request->fault[0];
    record->fault_address = request->fault[1];
    if (record_has_ended(record)) {
        record->status = (uint32_t)(record->fault_address - PROGRAM_EXIT_ADDR);
        say(LOG_WARNING, "%s ended with status %u", name, record->status);
    } else {
        say(LOG_ERROR, "%s faulted: %s at %p, ip %p", name, fault_name(record->fault),
            (const void *)request->fault[1], (const void *)request->fault[2]);
    }
}

static void start_wanted(uint32_t program)
{
    struct record *record = record_of(program);

    memcpy(record->args, warden()->requests[program].args, sizeof(warden()->requests[0].args));
    record->recent = 0;
    record->died_ns = 0;
    record_intend(record, INTENT_START);
    wants_clear(program, WANT_START);
    (void)program_begin(program);
}

static void hang_wanted(uint32_t program)
{
    uint64_t words[8] = { warden()->requests[program].hang };
    msg_info_t info = MSG_INFO(SERVICE_HANG, 1, 0);

    err_t err = ipc_call(slot_of(program, PART_MASTER), &info, words, clock_now() + NS_PER_MS);

    /* No answer: it is still starting, and is asked again after the next probes; or it never waits for calls. */
    if (err != ERR_TIMED_OUT || (description_of(program)->flags & DESCRIPTION_PROBE) == 0) {
        wants_clear(program, WANT_HANG);
    }
}

static bool runs(uint32_t program)
{
    return record_of(program)->state == SYSTEM_STATE_RUNNING;
}

/*
 * A bit is cleared after the intent to do what it asks for was noted, so that it is done exactly once over the death of a
 * warden, and before what could set it again: a new life.
 */
static void request_handle(uint32_t program, uint32_t wants)
{
    if ((wants & WANT_DIED) != 0 && runs(program)) {
        death_note(program);
        program_failed(program, false);
    }
    if ((wants & WANT_FAIL) != 0 && runs(program)) {
        say(LOG_WARNING, "%s is made to fail", description_of(program)->name);
        record_of(program)->fault = 0;
        program_failed(program, false);
    }
    if ((wants & WANT_HANG) != 0 && runs(program)) {
        hang_wanted(program);
    }
    if ((wants & WANT_KILL) != 0) {
        if (runs(program) || record_of(program)->state == SYSTEM_STATE_WAITING) {
            program_end(program, INTENT_STOP, SYSTEM_STATE_STOPPED);
            record_intend(record_of(program), INTENT_NONE);
        }
        wants_clear(program, WANT_KILL);
    }
    if (!runs(program) && (wants & (WANT_DIED | WANT_FAIL | WANT_HANG)) != 0) {
        wants_clear(program, WANT_DIED | WANT_FAIL | WANT_HANG);
    }
    if ((wants & WANT_START) != 0) {
        if (runs(program)) {
            wants_clear(program, WANT_START);
        } else {
            start_wanted(program);
        }
    }
}

void requests_handle(void)
{
    lending_handle();
    for (uint32_t i = 0; i < warden()->count; i++) {
        if (!is_mine(i)) {
            continue;
        }
        /* Acquire: pairs with the release in ear.c: what belongs to a bit was written before. */
        uint32_t wants = atomic_load_explicit(&warden()->requests[i].wants, memory_order_acquire);

        alive(0);
        if (wants != 0) {
            request_handle(i, wants);
        }
        if (record_of(i)->state == SYSTEM_STATE_WAITING && record_of(i)->due_ns <= clock_now()) {
            restart_now(i);
        }
    }
}

ns_t next_due_ns(void)
{
    ns_t due_ns = DEADLINE_NEVER;

    for (uint32_t i = 0; i < warden()->count; i++) {
        const struct record *record = record_of(i);

        if (record->state == SYSTEM_STATE_WAITING && record->due_ns < due_ns) {
            due_ns = record->due_ns;
        }
    }
    return due_ns;
}
