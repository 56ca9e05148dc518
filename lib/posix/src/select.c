/* SPDX-License-Identifier: MIT */
/* select() and pselect(), made of what poll() is made of. Masks of signals mean nothing: none comes from outside. */
#include <stddef.h>

#include "calls.h"
#include "descriptor.h"
#include "net.h"
#include "pith/string.h"

enum { SETS = 3, WORD_BITS = 64, WORDS = DESCRIPTORS_MAX / WORD_BITS, MICROSECONDS = 1000000 };
enum { READY_IN = 1, READY_OUT = 4, READY_ERROR = 8, READY_HUNG_UP = 16, READY_INVALID = 32 };

/* What poll() is asked for by each set, and what it says for it. */
static const uint16_t asked[SETS] = { READY_IN, READY_OUT, 0 };
static const uint16_t meant[SETS] = { READY_IN | READY_HUNG_UP | READY_ERROR,
                                      READY_OUT | READY_ERROR, 0 };

static bool is_in(const uint64_t *set, uint32_t descriptor)
{
    return set != NULL && (set[descriptor / WORD_BITS] >> descriptor % WORD_BITS & 1) != 0;
}

/* What is asked for; gives how many descriptors. */
static size_t polled_fill(struct polled *polled, uint64_t *const sets[SETS], uint32_t limit)
{
    size_t count = 0;

    for (uint32_t i = 0; i < limit; i++) {
        bool is_asked = false;
        uint16_t wanted = 0;

        for (uint32_t j = 0; j < SETS; j++) {
            is_asked |= is_in(sets[j], i);
            wanted |= is_in(sets[j], i) ? asked[j] : 0;
        }
        if (is_asked) {
            polled[count++] = (struct polled){ (int32_t)i, wanted, 0 };
        }
    }
    return count;
}

/* Into the sets, which hold what was asked for until then; gives how many bits are in them. */
static long sets_fill(const struct polled *polled, size_t count, uint64_t *const sets[SETS],
                      uint32_t words)
{
    uint64_t found[SETS][WORDS] = { 0 };
    long bits = 0;

    for (size_t i = 0; i < count; i++) {
        uint32_t number = (uint32_t)polled[i].descriptor;

        for (uint32_t j = 0; j < SETS; j++) {
            if (is_in(sets[j], number) && (polled[i].found & meant[j]) != 0) {
                found[j][number / WORD_BITS] |= 1ull << number % WORD_BITS;
                bits++;
            }
        }
    }
    for (uint32_t j = 0; j < SETS; j++) {
        if (sets[j] != NULL) {
            memcpy(sets[j], found[j], words * sizeof(found[j][0]));
        }
    }
    return bits;
}

static long select_until(const long arguments[6], ns_t deadline)
{
    uint64_t *const sets[SETS] = { (uint64_t *)arguments[1], (uint64_t *)arguments[2],
                                   (uint64_t *)arguments[3] };
    struct polled polled[DESCRIPTORS_MAX] = { 0 };
    uint32_t limit = arguments[0] < DESCRIPTORS_MAX ? (uint32_t)arguments[0] : DESCRIPTORS_MAX;

    if (arguments[0] < 0) {
        return -POSIX_EINVAL;
    }
    size_t count = polled_fill(polled, sets, limit);

    if (descriptors_missing(polled, count)) {
        return -POSIX_EBADF;
    }
    (void)poll_until(polled, count, deadline);
    return sets_fill(polled, count, sets, (limit + WORD_BITS - 1) / WORD_BITS);
}

/* The time that is left is not told. */
long posix_select(const long arguments[6])
{
    const int64_t *time = (const int64_t *)arguments[4];
    ns_t deadline = DEADLINE_NEVER;

    if (time != NULL) {
        struct posix_time as_time = { time[0] + time[1] / MICROSECONDS,
                                      time[1] % MICROSECONDS * 1000 };

        if (!deadline_after(&as_time, clock_now(), &deadline)) {
            return -POSIX_EINVAL;
        }
    }
    return select_until(arguments, deadline);
}

long posix_pselect(const long arguments[6])
{
    ns_t deadline = DEADLINE_NEVER;

    if (arguments[4] != 0 &&
        !deadline_after((const struct posix_time *)arguments[4], clock_now(), &deadline)) {
        return -POSIX_EINVAL;
    }
    return select_until(arguments, deadline);
}
