/* SPDX-License-Identifier: MIT */
#include "beat.h"

#include "boot_test/make.h"
#include "boot_test/test.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"

#define BEAT_NS US(11)
#define BEATS_NS MS(3)
#define LATE_MAX_NS 5500u /* one step of the kernel, the wake-up, and reading the clock */

/* arg[0]: notification; out[0]: the most that it was late. */
static void beat(struct worker *worker)
{
    ns_t end = clock_now() + BEATS_NS;

    for (ns_t at = clock_now() + BEAT_NS; at < end; at = clock_now() + BEAT_NS) {
        uint64_t bits;

        (void)!notification_wait((cap_addr_t)worker->arg[0], 1, at, 0, &bits);
        ns_t late = clock_now() - at;

        worker->out[0] = late > worker->out[0] ? late : worker->out[0];
    }
}

struct worker *beat_start(void)
{
    struct worker *worker = worker_make(beat, 15);

    worker->arg[0] = make(OBJECT_NOTIFICATION, 0);
    worker_time(worker, 240, MS(1000), MS(1000));
    worker_resume(worker);
    return worker;
}

void beat_end(struct worker *worker)
{
    CHECK(worker_join(worker), "the beat ends");
    test_note("late by %lu ns at most", (uint64_t)worker->out[0]);
    CHECK_BETWEEN(worker->out[0], 1, LATE_MAX_NS, "nothing takes longer");
}

void beside_beat(void (*entry)(struct worker *worker), cap_addr_t arg)
{
    struct worker *low = worker_make(entry, 3);
    struct worker *high;

    low->arg[0] = arg;
    worker_time(low, 50, MS(1000), MS(1000));
    high = beat_start();
    worker_resume(low);
    beat_end(high);
    CHECK(low->out[0] > 10, "it was done often");
    CHECK_EQ(low->out[1], 0, "without an error");
    REQUIRE_OK(thread_suspend(low->thread));
}
