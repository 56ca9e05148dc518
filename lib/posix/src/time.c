/* SPDX-License-Identifier: MIT */
/* Time from the clock page, without a system call. There is no wall clock yet: it began at boot. */
#include <stdbool.h>
#include <stddef.h>

#include "calls.h"
#include "pith/clock.h"

enum {
    REALTIME = 0,
    MONOTONIC = 1,
    MONOTONIC_RAW = 4,
    REALTIME_COARSE = 5,
    MONOTONIC_COARSE = 6,
    BOOTTIME = 7,
    UNTIL = 1, /* clock_nanosleep: not for, but until */
};

static bool clock_is_known(long clock)
{
    return clock == REALTIME || clock == MONOTONIC || (clock >= MONOTONIC_RAW && clock <= BOOTTIME);
}

long posix_clock_gettime(const long arguments[6])
{
    struct posix_time *time = (struct posix_time *)arguments[1];
    ns_t now = clock_now();

    if (!clock_is_known(arguments[0])) {
        return -POSIX_EINVAL;
    }
    *time = (struct posix_time){ (int64_t)(now / NS_PER_S), (int64_t)(now % NS_PER_S) };
    return 0;
}

long posix_clock_getres(const long arguments[6])
{
    struct posix_time *time = (struct posix_time *)arguments[1];

    if (!clock_is_known(arguments[0])) {
        return -POSIX_EINVAL;
    }
    if (time != NULL) {
        *time = (struct posix_time){ 0, 1 };
    }
    return 0;
}

bool deadline_after(const struct posix_time *time, ns_t from, ns_t *deadline)
{
    ns_t seconds = (ns_t)time->seconds;

    if (time->seconds < 0 || time->nanoseconds < 0 || time->nanoseconds >= (int64_t)NS_PER_S) {
        return false;
    }
    /* Longer than 100 years is for ever. */
    seconds = seconds < 3200000000u ? seconds : 3200000000u;
    *deadline = from + seconds * NS_PER_S + (ns_t)time->nanoseconds;
    return true;
}

static long sleep(const struct posix_time *time, ns_t from)
{
    ns_t deadline;

    if (!deadline_after(time, from, &deadline)) {
        return -POSIX_EINVAL;
    }
    sleep_until(deadline);
    return 0;
}

long posix_nanosleep(const long arguments[6])
{
    return sleep((const struct posix_time *)arguments[0], clock_now());
}

long posix_clock_nanosleep(const long arguments[6])
{
    if (!clock_is_known(arguments[0])) {
        return -POSIX_EINVAL;
    }
    return sleep((const struct posix_time *)arguments[2],
                 (arguments[1] & UNTIL) != 0 ? 0 : clock_now());
}
