/* SPDX-License-Identifier: MIT */
/*
 * Boot tests: programs that are the root of a system of their own and ask the kernel everything there
 * is to ask. Tests run one after the other in the root thread, with memory and slots of its
 * own that the runner takes back afterwards; what the machine counts (capabilities, objects, edges, bytes in
 * use) must then be what it was before.
 *
 *     TEST(frame_info_tells_the_size_of_the_run)
 *     {
 *         cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(3, PAGE_CLASS_4K));
 *         ...
 *         CHECK_EQ(pages, 3, "as many as were asked for");
 *     }
 *
 * A check that fails is printed and the test goes on; REQUIRE and REQUIRE_OK end it (root thread only).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"

struct boot_test {
    const char *name;
    void (*run)(void);
};

#define TEST(test_name)                                                                            \
    static void test_name(void);                                                                   \
    static const struct boot_test boot_test_##test_name                                            \
        __attribute__((used, aligned(8), section("boot_tests"))) = { #test_name, test_name };      \
    static void test_name(void)

#define TEST_TEXT_OF(token) #token
#define TEST_TEXT(token) TEST_TEXT_OF(token)
#define TEST_PLACE __FILE__ ":" TEST_TEXT(__LINE__)

/** test_check() - count and print a check that does not hold. Gives whether it does. */
bool test_check(bool holds, const char *text, const char *why, const char *place);
bool test_check_equal(uint64_t got, uint64_t want, const char *text, const char *why,
                      const char *place);
/** test_check_between() - both ends included. */
struct test_range {
    uint64_t low, high;
};
bool test_check_between(uint64_t got, struct test_range range, const char *text, const char *why,
                        const char *place);
bool test_check_err(err_t got, err_t want, const char *text, const char *place);
/** test_stop() - end the running test here. Root thread only. */
_Noreturn void test_stop(void);
bool test_has_failed(void);
/** test_note() - a line that the runner of all tests shows. */
__attribute__((format(printf, 1, 2))) void test_note(const char *text, ...);
/** test_random() - 64 bits; the same in every run. */
uint64_t test_random(void);

#define CHECK(condition, why) test_check((condition), #condition, (why), TEST_PLACE)
#define CHECK_EQ(got, want, why)                                                                   \
    test_check_equal((uint64_t)(got), (uint64_t)(want), #got, (why), TEST_PLACE)
#define CHECK_BETWEEN(got, lowest, highest, why)                                                   \
    test_check_between((uint64_t)(got), (struct test_range){ (lowest), (highest) }, #got, (why),   \
                       TEST_PLACE)
#define CHECK_OK(call) test_check_err((call), ERR_OK, #call, TEST_PLACE)
#define REQUIRE(condition, why)                                                                    \
    do {                                                                                           \
        if (!CHECK(condition, why)) {                                                              \
            test_stop();                                                                           \
        }                                                                                          \
    } while (0)
#define REQUIRE_OK(call)                                                                           \
    do {                                                                                           \
        if (!CHECK_OK(call)) {                                                                     \
            test_stop();                                                                           \
        }                                                                                          \
    } while (0)

/* The call must return this error; if it does, the error counts as provoked. */
#define EXPECT(interface, op, error, call)                                                         \
    do {                                                                                           \
        if (test_check_err((call), ERR_##error, #call, TEST_PLACE)) {                              \
            PROVOKED(interface, op, error);                                                        \
        }                                                                                          \
    } while (0)

/** boot_test_report() - a program may define it: called after its last test. */
void boot_test_report(void);
