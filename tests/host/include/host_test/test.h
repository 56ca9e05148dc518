/* SPDX-License-Identifier: MIT */
/*
 * Host tests: what a test file of a module includes. Each test file is one executable; its tests run
 * in the order of the file. A test fails when a check in it fails; it goes on, so that one run shows
 * all that is wrong.
 *
 *     TEST(ring_is_empty_at_first)
 *     {
 *         CHECK_EQ(ring_length(&ring), 0, "nothing was pushed");
 *     }
 *
 * Run one alone with its name as argument. TEST_SEED=number (or `random`) sets the seed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct test_case {
    const char *name;
    void (*run)(void);
    struct test_case *next;
};

/** test_register() - add a case to those that run. Used by TEST. Takes the case, for good. */
void test_register(struct test_case *test);

/** test_check() - count a check that does not hold, and say where and why. Used by CHECK. */
bool test_check(bool holds, const char *text, const char *why, const char *place);

/** test_check_equal() - the same for two numbers. Used by CHECK_EQ. */
bool test_check_equal(uint64_t got, uint64_t want, const char *text, const char *why,
                      const char *place);

/** test_random() - a number from 0 to below - 1, from the seed that a failure prints. */
uint32_t test_random(uint32_t below);

/** test_random64() - 64 bits from the same source. */
uint64_t test_random64(void);

/** test_seed() - the seed of the running test. */
uint64_t test_seed(void);

/** test_has_failed() - whether a check of the running test has failed: for loops to stop early. */
bool test_has_failed(void);

#define TEST(test_name)                                                                            \
    static void test_name(void);                                                                   \
    static struct test_case test_case_##test_name = { #test_name, test_name, 0 };                  \
    __attribute__((constructor)) static void test_register_##test_name(void)                       \
    {                                                                                              \
        test_register(&test_case_##test_name);                                                     \
    }                                                                                              \
    static void test_name(void)

#define TEST_TEXT_OF(token) #token
#define TEST_TEXT(token) TEST_TEXT_OF(token)
#define TEST_PLACE __FILE__ ":" TEST_TEXT(__LINE__)

/* Both are true if the check holds. */
#define CHECK(condition, why) test_check((condition), #condition, (why), TEST_PLACE)
#define CHECK_EQ(got, want, why)                                                                   \
    test_check_equal((uint64_t)(got), (uint64_t)(want), #got, (why), TEST_PLACE)
