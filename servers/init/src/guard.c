/* SPDX-License-Identifier: MIT */
/*
 * Watching the warden. It is dead if one of its threads faults, or if its hand has not said in time that it is alive.
 * Then another one is started on what is kept of it, at most WARDEN_DEATHS_MAX times in a window.
 */
#include "init.h"

#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/kernel_calls.h"
#include "pith/start.h"

#include "abi/names.h"

/* A machine that stood still, as emulated ones on a busy host do, looks like silence once, but not twice. */
enum {
    WARDEN_DEATHS_MAX = 10,
    LOOK_MS = 10,
    SILENT_LOOKS = 2,
    WINDOW_S = 10,
    START_PATIENCE_MS = 500
};

static ns_t started_ns;
static uint32_t silent_looks; /* in a row */

static void warden_died(const char *how)
{
    ns_t now_ns = clock_now();

    if (now_ns - init()->window_start_ns > WINDOW_S * NS_PER_S) {
        init()->window_start_ns = now_ns;
        init()->deaths = 0;
    }
    debug_printf("init: the warden %s\n", how);
    if (++init()->deaths > WARDEN_DEATHS_MAX) {
        debug_printf(
            "init: the warden died %u times in %u s and stays down; programs go on alone\n",
            init()->deaths, (unsigned)WINDOW_S);
        init()->has_given_up = true;
        return;
    }
    started_ns = now_ns;
    silent_looks = 0;
    if (warden_start() == ERR_OK) {
        debug_printf("init: warden number %u goes on\n", init()->page->starts);
    } else {
        init()->has_given_up = true;
    }
}

static void child_died(uint64_t number, const uint64_t words[8])
{
    if (number >= init()->description.header.program_count ||
        init()->children[number].untyped == 0) {
        return;
    }
    if (words[0] == FAULT_NOT_PRESENT && words[1] - PROGRAM_EXIT_ADDR < PROGRAM_EXIT_STATUSES) {
        debug_printf("init: %s ended with status %lu\n", init()->description.programs[number].name,
                     (unsigned long)(words[1] - PROGRAM_EXIT_ADDR));
    } else {
        debug_printf("init: %s faulted: %s at %p, ip %p\n",
                     init()->description.programs[number].name, fault_name((uint32_t)words[0]),
                     (const void *)words[1], (const void *)words[2]);
    }
    program_destroy(&init()->children[number]);
}

static void fault_handle(uint64_t badge, const uint64_t words[8])
{
    if (badge >= BADGE_CHILD) {
        child_died(badge - BADGE_CHILD, words);
    } else if (!init()->has_given_up) {
        debug_printf("init: the warden faulted: %s at %p, ip %p\n", fault_name((uint32_t)words[0]),
                     (const void *)words[1], (const void *)words[2]);
        warden_died("is dead");
    }
}

/* The time is the warden's word; that it lies about it harms nobody but its own supervision. */
static bool is_silent(void)
{
    ns_t now_ns = clock_now();
    ns_t until_ns = atomic_load_explicit(&init()->page->alive_until_ns, memory_order_relaxed);

    if (until_ns == 0) {
        return now_ns >
               started_ns + init()->description.header.patience * START_PATIENCE_MS * NS_PER_MS;
    }
    return now_ns > until_ns || until_ns > now_ns + NS_PER_S;
}

/* On a busy host each look may come late, one after the other; but between two of them a hand that lives moves its mark. */
static void look(void)
{
    static uint64_t seen_ns; /* the mark at the last look */
    uint64_t mark_ns = atomic_load_explicit(&init()->page->alive_until_ns, memory_order_relaxed);

    silent_looks = !is_silent() ? 0 : mark_ns == seen_ns ? silent_looks + 1 : 1;
    seen_ns = mark_ns;
    if (!init()->has_given_up && silent_looks >= SILENT_LOOKS) {
        warden_died("is silent");
    }
}

_Noreturn void guard(void *unused)
{
    uint64_t words[8] = { 0 };
    msg_info_t info = 0;
    uint64_t badge = 0;
    uint64_t bits;

    (void)unused;
    started_ns = clock_now();
    ns_t look_ns = started_ns + LOOK_MS * NS_PER_MS;
    err_t err = ipc_receive(init()->endpoint, &info, words, &badge, &bits, look_ns, 0);

    for (;;) {
        if (err == ERR_OK && MSG_LABEL(info) == MSG_LABEL_FAULT) {
            fault_handle(badge, words);
            info = MSG_INFO(1, 0, 0); /* if it still waits, it stays stopped */
        } else if (err == ERR_OK) {
            info = MSG_INFO(ERR_BAD_CALL, 0, 0);
        } else if (err != ERR_TIMED_OUT && err != ERR_CALLER_GONE && err != ERR_CANCELLED) {
            debug_printf("init: cannot wait: %s\n", error_name(err));
            program_exit(1);
        }
        if (clock_now() >= look_ns) {
            look();
            look_ns = clock_now() + LOOK_MS * NS_PER_MS;
        }
        if (err == ERR_OK) {
            err = ipc_reply_receive(init()->endpoint, &info, words, &badge, &bits, look_ns, 0);
        } else {
            err = ipc_receive(init()->endpoint, &info, words, &badge, &bits, look_ns, 0);
        }
    }
}
