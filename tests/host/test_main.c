/* SPDX-License-Identifier: MIT */
/*
 * The main program of every host test: runs the cases, prints `ok NAME` or `FAIL NAME: ...` for each,
 * and last `N passed, N failed`.
 */
#include "host_test/test.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MESSAGES_MAX = 5 };

static struct {
    struct test_case *first;
    struct test_case *last;
    struct test_case *current;
    unsigned failures; /* of the current test */
    uint64_t seed;
    uint64_t random;
} tests;

void test_register(struct test_case *test)
{
    if (tests.last == NULL) {
        tests.first = test;
    } else {
        tests.last->next = test;
    }
    tests.last = test;
}

static bool failure_is_shown(void)
{
    tests.failures++;
    if (tests.failures == MESSAGES_MAX + 1) {
        printf("FAIL %s: and more\n", tests.current->name);
    }
    return tests.failures <= MESSAGES_MAX;
}

bool test_check(bool holds, const char *text, const char *why, const char *place)
{
    if (!holds && failure_is_shown()) {
        printf("FAIL %s: %s: wanted: %s (%s, seed %" PRIu64 ")\n", tests.current->name, why, text,
               place, tests.seed);
    }
    return holds;
}

bool test_check_equal(uint64_t got, uint64_t want, const char *text, const char *why,
                      const char *place)
{
    if (got != want && failure_is_shown()) {
        printf("FAIL %s: %s: %s: wanted: %" PRId64 " (%#" PRIx64 ") got: %" PRId64 " (%#" PRIx64
               ") (%s, seed %" PRIu64 ")\n",
               tests.current->name, why, text, (int64_t)want, want, (int64_t)got, got, place,
               tests.seed);
    }
    return got == want;
}

uint64_t test_random64(void)
{
    /* SplitMix64. */
    uint64_t mixed = tests.random += 0x9e3779b97f4a7c15u;

    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

uint32_t test_random(uint32_t below)
{
    return (uint32_t)(((test_random64() >> 32) * below) >> 32);
}

uint64_t test_seed(void)
{
    return tests.seed;
}

bool test_has_failed(void)
{
    return tests.failures != 0;
}

static uint64_t seed_choose(void)
{
    const char *text = getenv("TEST_SEED");

    if (text == NULL) {
        return 1;
    }
    if (strcmp(text, "random") == 0) {
        return (uint64_t)time(NULL);
    }
    return strtoull(text, NULL, 0);
}

static bool is_wanted(const char *name, int count, char **words)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(name, words[i]) == 0) {
            return true;
        }
    }
    return count == 0;
}

int main(int argc, char **argv)
{
    unsigned passed = 0;
    unsigned failed = 0;

    setvbuf(stdout, NULL, _IOLBF, 0);
    tests.seed = seed_choose();
    for (struct test_case *test = tests.first; test != NULL; test = test->next) {
        if (!is_wanted(test->name, argc - 1, argv + 1)) {
            continue;
        }
        tests.current = test;
        tests.failures = 0;
        tests.random = tests.seed;
        test->run();
        if (tests.failures == 0) {
            printf("ok %s\n", test->name);
            passed++;
        } else {
            failed++;
        }
    }
    printf("%u passed, %u failed\n", passed, failed);
    return failed == 0 && passed != 0 ? 0 : 1;
}
