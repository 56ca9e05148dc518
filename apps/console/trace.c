/* SPDX-License-Identifier: MIT */
/*
 * `trace SECONDS`: the kernel's trace is started, its ring read as it fills, and what was in it added up for each program.
 * The ring and the right to start it come from the system's file (resources = ["trace"]).
 */
#include "console.h"

#include <stdatomic.h>
#include <stdbool.h>

#include "io.h"
#include "pith/clock.h"
#include "pith/self.h"
#include "pith/space.h"
#include "pith/string.h"
#include "system/ask.h"
#include "system/description.h"

#include "abi/kernel_calls.h"
#include "abi/names.h"
#include "abi/trace.h"

enum { THREADS = 96, CORES = 8, SECONDS_MAX = 60, LOOK_MS = 4, TENTHS = 10, PERCENT = 100 };
enum { OTHERS = DESCRIPTION_PROGRAMS }; /* row of init and the warden */

#define PATIENCE_NS (2 * NS_PER_S)

struct sums {
    uint64_t calls, methods, faults, switches;
    ns_t ran_ns, longest_ns;
    uint32_t threads;
};

struct thread_sums {
    uint64_t thread; /* as the trace calls it */
    struct sums sums;
};

static struct recording {
    const struct trace_ring *ring;
    uint64_t next, lost, events, interrupts;
    ns_t began_ns, ended_ns;
    uint32_t count;
    struct thread_sums threads[THREADS]; /* the last one is of all for whom there is no room */
    struct {
        uint64_t thread; /* that runs; 0: none, or unknown */
        ns_t since_ns;
    } cores[CORES];
} recording;

static struct sums *sums_of(uint64_t thread)
{
    uint32_t i = 0;

    while (i < recording.count && recording.threads[i].thread != thread) {
        i++;
    }
    if (i == recording.count && recording.count < THREADS) {
        recording.threads[recording.count++].thread = thread;
    }
    return &recording.threads[i < THREADS ? i : THREADS - 1].sums;
}

static void run_end(uint32_t core, ns_t now_ns)
{
    uint64_t thread = recording.cores[core].thread;
    ns_t since_ns = recording.cores[core].since_ns;

    recording.cores[core].thread = 0;
    if (thread != 0 && now_ns > since_ns) {
        struct sums *sums = sums_of(thread);
        ns_t ran_ns = now_ns - since_ns;

        sums->ran_ns += ran_ns;
        sums->longest_ns = ran_ns > sums->longest_ns ? ran_ns : sums->longest_ns;
    }
}

static void run_begin(uint32_t core, uint64_t thread, ns_t now_ns)
{
    run_end(core, now_ns);
    recording.cores[core].thread = thread;
    recording.cores[core].since_ns = now_ns;
}

static void event_add(const struct trace_event *event)
{
    uint32_t core = event->core % CORES;

    /* A thread that goes on after an idle time is not switched to. */
    if (event->kind != TRACE_SWITCH && event->kind != TRACE_IDLE &&
        recording.cores[core].thread != event->thread) {
        run_begin(core, event->thread, event->time_ns);
    }
    switch (event->kind) {
    case TRACE_ENTRY:
        sums_of(event->thread)->calls++;
        break;
    case TRACE_METHOD:
        sums_of(event->thread)->methods++;
        break;
    case TRACE_FAULT:
        sums_of(event->thread)->faults++;
        break;
    case TRACE_INTERRUPT:
        recording.interrupts++;
        break;
    case TRACE_SWITCH:
        run_begin(core, event->a, event->time_ns);
        sums_of(event->a)->switches++;
        break;
    case TRACE_IDLE:
        run_end(core, event->time_ns);
        break;
    default:
        break;
    }
    recording.ended_ns = event->time_ns;
    recording.began_ns = recording.events++ == 0 ? event->time_ns : recording.began_ns;
}

/* Pairs with the kernel's order of writing: what head counts is whole. */
static uint64_t head_now(void)
{
    return atomic_load_explicit((const _Atomic uint64_t *)&recording.ring->head,
                                memory_order_acquire);
}

/* What was overwritten before we read it, or while we did, is lost. At most a ring at a time: others write meanwhile. */
static void ring_read(void)
{
    for (uint32_t i = 0; i < TRACE_EVENTS; i++) {
        uint64_t behind = head_now() - recording.next;

        if (behind == 0) {
            return;
        }
        if (behind >= TRACE_EVENTS) {
            recording.lost += behind - TRACE_EVENTS + 1;
            recording.next += behind - TRACE_EVENTS + 1;
        }
        struct trace_event event = recording.ring->events[recording.next % TRACE_EVENTS];

        if (head_now() - recording.next >= TRACE_EVENTS) {
            recording.lost++;
        } else {
            event_add(&event);
        }
        recording.next++;
    }
}

static bool ring_open(cap_addr_t frame)
{
    static user_addr_t at; /* mapped once */
    err_t err = ERR_OK;

    if (at == 0) {
        err = region_reserve(TRACE_RING_BYTES, &at);
        if (err == ERR_OK) {
            err = region_map(at, frame, 0, TRACE_RING_BYTES / PAGE_BYTES, PROT_READ);
        }
        if (err) {
            console_printf("trace: its ring cannot be mapped: %s\n", error_text(err));
            at = 0;
        }
    }
    memset(&recording, 0, sizeof(recording));
    recording.ring = (const struct trace_ring *)at;
    return err == ERR_OK;
}

static err_t trace_switch(uint64_t on, uint64_t *events)
{
    uint64_t words[8] = { on };
    err_t err = system_ask(SYSTEM_TRACE, words, clock_now() + PATIENCE_NS);

    *events = words[0];
    return err;
}

/* Until the time has come, or a key. */
static err_t record(uint64_t seconds)
{
    ns_t end_ns = clock_now() + seconds * NS_PER_S;
    uint64_t events;
    char key;
    err_t err = trace_switch(1, &recording.next);

    while (err == ERR_OK && clock_now() < end_ns &&
           console_read(clock_now() + LOOK_MS * NS_PER_MS, &key) == ERR_TIMED_OUT) {
        ring_read();
    }
    if (err == ERR_OK) {
        err = trace_switch(0, &events);
        ring_read();
    }
    return err;
}

static void sums_add(struct sums *to, const struct sums *from)
{
    to->calls += from->calls;
    to->methods += from->methods;
    to->faults += from->faults;
    to->switches += from->switches;
    to->ran_ns += from->ran_ns;
    to->longest_ns = from->longest_ns > to->longest_ns ? from->longest_ns : to->longest_ns;
    to->threads++;
}

static void row_show(const char *name, const struct sums *sums)
{
    ns_t all_ns = recording.ended_ns - recording.began_ns;
    uint64_t tenths = all_ns != 0 ? sums->ran_ns * PERCENT * TENTHS / all_ns : 0;

    console_printf("%-14s %7u %9lu %9lu %7lu %9lu %10lu %10lu %4lu.%lu\n", name, sums->threads,
                   sums->calls, sums->methods, sums->faults, sums->switches,
                   sums->longest_ns / NS_PER_US, sums->ran_ns / NS_PER_US, tenths / TENTHS,
                   tenths % TENTHS);
}

/* By the time that they ran; who did nothing is left out. */
static void rows_show(struct sums programs[OTHERS + 1])
{
    system_name_t name;

    for (;;) {
        uint32_t most = 0;

        for (uint32_t i = 1; i <= OTHERS; i++) {
            most = programs[i].ran_ns > programs[most].ran_ns ||
                           (programs[most].threads == 0 && programs[i].threads != 0)
                       ? i
                       : most;
        }
        if (programs[most].threads == 0) {
            return;
        }
        uint64_t words[8] = { most };

        memcpy(name, "(init, warden)", sizeof("(init, warden)"));
        if (most != OTHERS &&
            system_ask(SYSTEM_PROGRAM, words, clock_now() + PATIENCE_NS) == ERR_OK) {
            system_name(words, name);
        }
        row_show(name, &programs[most]);
        programs[most] = (struct sums){ 0 };
    }
}

static void recording_show(void)
{
    static struct sums programs[OTHERS + 1];
    ns_t all_ns = recording.ended_ns - recording.began_ns, ran_ns = 0;

    memset(programs, 0, sizeof(programs));
    for (uint32_t i = 0; i < recording.count; i++) {
        uint64_t words[8] = { recording.threads[i].thread };
        err_t err = system_ask(SYSTEM_THREAD, words, clock_now() + PATIENCE_NS);

        sums_add(&programs[err == ERR_OK && words[0] < OTHERS ? words[0] : OTHERS],
                 &recording.threads[i].sums);
        ran_ns += recording.threads[i].sums.ran_ns;
    }
    console_printf("%lu.%03lu s: %lu events, %lu lost; %lu interrupts; threads ran %lu us of %lu\n",
                   all_ns / NS_PER_S, all_ns % NS_PER_S / NS_PER_MS, recording.events,
                   recording.lost, recording.interrupts, ran_ns / NS_PER_US, all_ns / NS_PER_US);
    console_printf("%-14s %7s %9s %9s %7s %9s %10s %10s %6s\n", "program", "threads", "calls",
                   "of kernel", "faults", "switches", "longest us", "ran us", "%");
    rows_show(programs);
}

void command_trace(const char *argument)
{
    uint64_t seconds = argument[0] != 0 ? console_number(argument) : 1;
    cap_addr_t frame = self_cap("trace");

    if (frame == 0) {
        console_printf(
            "the console may not trace in this system: its file does not say  resources = "
            "[\"trace\"]\n");
        return;
    }
    if (seconds == 0 || seconds > SECONDS_MAX) {
        console_printf("trace: write a number of seconds from 1 to %d\n", SECONDS_MAX);
        return;
    }
    if (!ring_open(frame)) {
        return;
    }
    err_t err = record(seconds);

    if (err) {
        console_printf("trace: the warden does not do it: %s\n", error_text(err));
    } else {
        recording_show();
    }
}
