/* SPDX-License-Identifier: MIT */
/* Runs the tests of a program one after the other and ends the machine with the result. */
#include <stdarg.h>

#include "abi/names.h"
#include "boot_test/make.h"
#include "boot_test/test.h"
#include "pith/debug.h"
#include "pith/format.h"
#include "pith/kernel_calls.h"
#include "pith/start.h"
#include "runner.h"

#define EXIT_PASSED 0x10u
#define EXIT_FAILED 0x11u

struct runner {
    const struct boot_test *test;
    uint32_t failures; /* of this test */
    uint32_t passed, failed;
    uint64_t random;
    void *jump[5];
};
static struct runner runner;

__attribute__((weak)) void boot_test_report(void)
{
}

static void fail(const char *text, const char *why, const char *place)
{
    if (runner.failures++ < 10) {
        debug_printf("FAIL %s: %s (%s, %s): ", runner.test->name, text, why, place);
    }
}

static bool is_shown(void)
{
    return runner.failures <= 10;
}

bool test_check(bool holds, const char *text, const char *why, const char *place)
{
    if (!holds) {
        fail(text, why, place);
        if (is_shown()) {
            debug_printf("wanted: true got: false\n");
        }
    }
    return holds;
}

bool test_check_equal(uint64_t got, uint64_t want, const char *text, const char *why,
                      const char *place)
{
    if (got != want) {
        fail(text, why, place);
        if (is_shown()) {
            debug_printf("wanted: %lu (0x%lx) got: %lu (0x%lx)\n", want, want, got, got);
        }
    }
    return got == want;
}

bool test_check_between(uint64_t got, struct test_range range, const char *text, const char *why,
                        const char *place)
{
    bool holds = got >= range.low && got <= range.high;

    if (!holds) {
        fail(text, why, place);
        if (is_shown()) {
            debug_printf("wanted: %lu to %lu got: %lu\n", range.low, range.high, got);
        }
    }
    return holds;
}

bool test_check_err(err_t got, err_t want, const char *text, const char *place)
{
    if (got != want) {
        fail(text, "error", place);
        if (is_shown()) {
            debug_printf("wanted: %s got: %s (%d)\n", error_name(want), error_name(got), (int)got);
        }
    }
    return got == want;
}

void test_note(const char *text, ...)
{
    char line[256];
    va_list list;

    va_start(list, text);
    (void)format_list(line, sizeof(line), text, list);
    va_end(list);
    debug_printf("note: %s\n", line);
}

bool test_has_failed(void)
{
    return runner.failures != 0;
}

uint64_t test_random(void)
{
    runner.random ^= runner.random << 13;
    runner.random ^= runner.random >> 7;
    runner.random ^= runner.random << 17;
    return runner.random;
}

_Noreturn void test_stop(void)
{
    __builtin_longjmp(runner.jump, 1);
}

/* The same for each test, whatever others ran before. */
static void run_body(void)
{
    runner.random = 0x9e3779b97f4a7c15ull;
    if (__builtin_setjmp(runner.jump) == 0) {
        runner.test->run();
    }
}

static void check_counts(const struct counts *before)
{
    struct counts after;

    counts_take(&after);
    CHECK_EQ(after.caps, before->caps, "as many capabilities as before the test");
    CHECK_EQ(after.objects, before->objects, "as many objects as before");
    CHECK_EQ(after.edges, before->edges, "as many edges as before");
    CHECK_EQ(after.used, before->used, "as many bytes used as before");
    CHECK_EQ(after.hash, before->hash, "the same tree of derivation as before");
}

static void run(const struct boot_test *test)
{
    struct counts before;

    runner.test = test;
    runner.failures = 0;
    counts_take(&before);
    run_body();
    make_clean();
    workers_clean();
    check_counts(&before);
    if (runner.failures == 0) {
        runner.passed++;
        debug_printf("ok %s\n", test->name);
    } else {
        runner.failed++;
    }
}

int main(void)
{
    static const struct boot_test setting_up = { "set_up", NULL };

    runner.test = &setting_up;
    if (__builtin_setjmp(runner.jump) == 0) {
        make_init();
        workers_init();
    }
    if (runner.failures == 0) {
        uintptr_t bytes = (uintptr_t)__stop_boot_tests - (uintptr_t)__start_boot_tests;

        for (uintptr_t i = 0; i < bytes / sizeof(struct boot_test); i++) {
            run(&__start_boot_tests[i]);
        }
    } else {
        runner.failed++;
    }
    boot_test_report();
    debug_printf("%u passed, %u failed\n", runner.passed, runner.failed);
    program_exit(runner.failed == 0 ? (int)EXIT_PASSED : (int)EXIT_FAILED);
}
