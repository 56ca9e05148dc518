/* SPDX-License-Identifier: MIT */
/* From the death of the disk's driver to the first bytes that its successor brought, in nanoseconds of the guest's clock. */
#include "recover.h"

#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/kernel_calls.h"
#include "pith/self.h"
#include "pith/string.h"
#include "system/protocol.h"

enum { TURNS = 100 };

/* Longer than the window in which deaths are counted (systems/bench_files.toml): so the warden never makes the driver wait. */
#define PAUSE_NS (1100 * NS_PER_MS)

static err_t system_call(enum system_op op, uint64_t words[8])
{
    msg_info_t info = MSG_INFO(op, 8, 0);
    err_t err = ipc_call(self_cap("system"), &info, words, DEADLINE_NEVER);

    return err ? err : (err_t)MSG_LABEL(info);
}

static err_t program_find(const char *wanted, uint64_t *number)
{
    for (*number = 0;; (*number)++) {
        uint64_t words[8] = { *number };
        err_t err = system_call(SYSTEM_PROGRAM, words);

        if (err || strncmp((const char *)words, wanted, SYSTEM_NAME_BYTES) == 0) {
            return err;
        }
    }
}

/* Into its place among the first @count, which are in order. */
static void insert(ns_t *times, uint32_t count, ns_t time_ns)
{
    uint32_t at = count;

    for (; at > 0 && times[at - 1] > time_ns; at--) {
        times[at] = times[at - 1];
    }
    times[at] = time_ns;
}

err_t bench_recover(const struct recover *with)
{
    static ns_t times[TURNS];
    uint64_t disk;
    err_t err = program_find("disk", &disk);

    for (uint32_t i = 0; err == ERR_OK && i < TURNS; i++) {
        uint64_t words[8] = { disk };

        with->spin(false);
        sleep_until(clock_now() + PAUSE_NS);
        with->spin(true);
        ns_t start_ns = clock_now();

        err = system_call(SYSTEM_FAIL, words);
        if (err == ERR_OK) {
            with->read(i); /* of the disk */
            insert(times, i, clock_now() - start_ns);
        }
    }
    if (err == ERR_OK) {
        debug_printf("value driver_recover_ns %lu ns, best %lu, worst %lu\n",
                     (unsigned long)times[TURNS / 2], (unsigned long)times[0],
                     (unsigned long)times[TURNS - 1]);
    }
    return err;
}
