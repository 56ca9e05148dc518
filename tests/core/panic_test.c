/* SPDX-License-Identifier: MIT */
/* What a panic says, what it does next, and what the next boot finds of it. */
#include <string.h>

#include "arch_host/machine.h"
#include "arch_host/root.h"
#include "core/core.h"
#include "core/panic.h"
#include "core/print.h"
#include "core/trace.h"
#include "last_words.h"
#include "situation.h"

enum { RECORD_BYTES = 4096, RECORD_HEADER_BYTES = 16 };

TEST(the_command_line_says_what_follows_a_panic)
{
    static const struct {
        const char *line;
        enum panic_after after;
        uint32_t delay_s;
    } cases[] = {
        { "", PANIC_STOP, 0 },
        { "panic=stop", PANIC_STOP, 0 },
        { "panic=0", PANIC_STOP, 0 },
        { "panic=-1", PANIC_STOP, 0 },
        { "panic=:", PANIC_STOP, 0 },
        { "panic=9", PANIC_REBOOT, 9 },
        { "panic=1", PANIC_REBOOT, 1 },
        { "panic=86400", PANIC_REBOOT, 86400 },
        { "panic=86401", PANIC_REBOOT, 86400 },
        { "panic=exit", PANIC_EXIT, 86400 },
    };

    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        panic_configure(cases[i].line, NULL);
        CHECK_EQ(panic_policy().after, cases[i].after, cases[i].line);
        if (cases[i].after == PANIC_REBOOT) {
            CHECK_EQ(panic_policy().delay_s, cases[i].delay_s, cases[i].line);
        }
        if (cases[i].after != PANIC_STOP) {
            continue;
        }
        CHECK_EQ(panic_policy().delay_s, 0, "nothing was set before");
    }
}

/* --- What it says --------------------------------------------------------------------------------- */

#define NO_EVENTS "No events: no trace was on (trace=on, machine.trace).\n"

static const char *const reasons[] = { "it is broken", "it is broken again" };

static void panic_early(const void *unused)
{
    (void)unused;
    arch_panic(reasons[0], "a_file.c", 12);
}

TEST(a_panic_before_anything_is_known_says_why)
{
    const struct last_words *words = last_words_of(panic_early, NULL);

    CHECK(words->has_panicked && strcmp(words->text, reasons[0]) == 0, words->text);
    CHECK(strcmp(words->printed, "\nPANIC: it is broken (a_file.c:12)\n" NO_EVENTS) == 0,
          words->printed);
}

static void panic_with(const void *has_thread)
{
    situation_begin();
    panic_configure("", the_core());
    the_core()->number = 3;
    the_core()->current->registers.ip = 0xabc;
    the_core()->current->registers.op = 0x10;
    the_core()->current->registers.info = 0;
    if (has_thread == NULL) {
        the_core()->current = NULL;
    }
    arch_panic(reasons[0], "a_file.c", 12);
}

TEST(a_panic_says_who_ran)
{
    const struct last_words *words = last_words_of(panic_with, NULL);

    CHECK(strstr(words->printed, "Core 3 at ") != NULL, words->printed);
    CHECK(strstr(words->printed, " ns, current thread 0\n") != NULL, words->printed);
    words = last_words_of(panic_with, reasons);
    CHECK(strstr(words->printed, ", its ip abc, op 10, info 0\n") != NULL, words->printed);
}

static void panic_traced(const void *count)
{
    static struct trace_ring ring;
    struct core core = { .number = 0 };

    trace_write(&core, TRACE_ENTRY, 0, 0); /* without a ring: nothing happens */
    core_trace.ring = &ring;
    core_trace.is_on = 1;
    for (uint32_t i = 0; i < *(const uint32_t *)count; i++) {
        trace_write(&core, TRACE_ENTRY, 1000 + i, 0xcafe);
    }
    arch_panic(reasons[0], "a_file.c", 12);
}

static uint32_t lines_with(const char *text, const char *part)
{
    uint32_t count = 0;

    for (const char *found = strstr(text, part); found != NULL; found = strstr(found + 1, part)) {
        count++;
    }
    return count;
}

TEST(a_panic_shows_the_last_events_of_the_trace)
{
    static const uint32_t counts[] = { 0, 1, 16, 17, TRACE_EVENTS + 5 };

    for (uint32_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        const struct last_words *words = last_words_of(panic_traced, &counts[i]);

        CHECK_EQ(lines_with(words->printed, " capability 51966 label 0\n"),
                 counts[i] < 16 ? counts[i] : 16, "so many events");
        CHECK_EQ(lines_with(words->printed, "oldest first"), counts[i] != 0, "under a heading");
        if (counts[i] == 17) {
            CHECK(strstr(words->printed, " entry 1000 ") == NULL, "not the first");
            CHECK(strstr(words->printed, " entry 1016 ") != NULL, "but the last");
        }
    }
}

/* --- The record ------------------------------------------------------------------------------------- */

static void panic_recorded(const void *page)
{
    panic_record_init((void *)(uintptr_t)page);
    arch_panic("first line\nsecond line", "a_file.c", 12);
}

static void panic_long(const void *page)
{
    static char text[2 * RECORD_BYTES];

    memset(text, 'x', sizeof(text) - 1);
    panic_record_init((void *)(uintptr_t)page);
    arch_panic(text, "a_file.c", 12);
}

static void boot_again(const void *page)
{
    panic_record_init((void *)(uintptr_t)page);
}

TEST(the_next_boot_shows_the_record_once)
{
    void *page = last_words_memory(RECORD_BYTES);
    const struct last_words *words = last_words_of(panic_recorded, page);

    CHECK(strstr(words->printed, "The last run") == NULL, "at first there is none");
    words = last_words_of(boot_again, page);
    CHECK(strcmp(words->printed,
                 "The last run ended in a panic:\n| \n| PANIC: first line\n"
                 "| second line (a_file.c:12)\n| " NO_EVENTS "(end of the record)\n") == 0,
          words->printed);
    words = last_words_of(boot_again, page);
    CHECK_EQ(words->printed[0], 0, "the second time nothing is left");
}

TEST(a_record_is_cut_to_its_page)
{
    uint8_t *pages = last_words_memory(2 * RECORD_BYTES);

    pages[RECORD_BYTES] = 0x77;
    (void)last_words_of(panic_long, pages);
    CHECK_EQ(pages[RECORD_BYTES], 0x77, "nothing is written behind it");
    CHECK_EQ(pages[RECORD_BYTES - 1], 'x', "but up to its end");
    CHECK(strstr(last_words_of(boot_again, pages)->printed, "(end of the record)\n") != NULL,
          "and it is whole");
}

TEST(a_record_that_was_damaged_is_not_shown)
{
    /* Magic, length (too long, or another one), checksum, text. */
    static const uint32_t places[] = { 0, 9, 8, 12, RECORD_HEADER_BYTES + 3 };

    for (uint32_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        uint8_t *page = last_words_memory(RECORD_BYTES);

        (void)last_words_of(panic_recorded, page);
        page[places[i]] ^= 0x10;
        CHECK_EQ(last_words_of(boot_again, page)->printed[0], 0, "nothing is said");
    }
}

static void panic_again(void)
{
    arch_panic(reasons[1], "b_file.c", 34);
}

static void panic_twice(const void *page)
{
    panic_configure("panic=exit", NULL);
    last_words_after(panic_again);
    panic_recorded(page);
}

static void panic_twice_without_record(const void *unused)
{
    (void)unused;
    panic_configure("panic=7", NULL);
    last_words_after(panic_again);
    arch_panic(reasons[0], "a_file.c", 12);
}

TEST(a_panic_in_a_panic_ends_at_once_and_keeps_the_first_record)
{
    void *page = last_words_memory(RECORD_BYTES);
    const struct last_words *words = last_words_of(panic_twice, page);

    CHECK(strstr(words->printed, "PANIC: it is broken again (b_file.c:34)\n") != NULL,
          "it is said");
    CHECK(strstr(words->text, "power off") != NULL, "as the command line wants it");
    words = last_words_of(boot_again, page);
    CHECK(strstr(words->printed, "| second line (a_file.c:12)\n") != NULL, "the first is kept");
    words = last_words_of(panic_twice_without_record, NULL);
    CHECK(strstr(words->text, "reboot") != NULL, "or restarts");
}

/* --- On several cores -------------------------------------------------------------------------------- */

/* No interrupt waits, but from there on the core is the one that runs. */
static void panic_on(uint32_t core)
{
    (void)host_interrupts_deliver(host_core(core));
    arch_panic(reasons[core], "a_file.c", 12);
}

static void panic_on_0(void)
{
    panic_on(0);
}

static void panic_on_1(const void *and_on_0)
{
    host_start(&(struct host_options){ .ram_bytes = 8 << 20, .tick_ns = 10, .cores = 2 });
    (void)host_root_create(&(struct host_root_options){ .priority = 100 });
    panic_configure("panic=exit", host_core(0));
    if (and_on_0 != NULL) {
        last_words_after(panic_on_0);
    }
    panic_on(1);
}

TEST(a_panic_says_which_core_it_is_of)
{
    const struct last_words *words = last_words_of(panic_on_1, NULL);

    CHECK(strstr(words->printed, "Core 1 at ") != NULL, words->printed);
    CHECK(strstr(words->printed, "Core 0 at ") == NULL, words->printed);
}

TEST(a_core_that_panics_while_another_does_leaves_it_the_word)
{
    const struct last_words *words = last_words_of(panic_on_1, reasons);

    CHECK(strstr(words->printed, "PANIC: it is broken again (a_file.c:12)\n") != NULL, "the first");
    CHECK(strstr(words->printed, "PANIC: it is broken (") == NULL, words->printed);
    CHECK(strcmp(words->text, "a core stops") == 0, words->text);
}

/* --- Printing -------------------------------------------------------------------------------------- */

static void print_all(const void *unused)
{
    (void)unused;
    print_decimal("", 0);
    print_decimal(" ", UINT64_MAX);
    print_hex(" ", 0, 1);
    print_hex(" ", 0xbeef, 8);
    print_hex(" ", UINT64_MAX, 1);
    print_hex(" ", 0x10, 0);
}

TEST(numbers_are_printed_whole)
{
    const struct last_words *words = last_words_of(print_all, NULL);

    CHECK(strcmp(words->printed, "0 18446744073709551615 0 0000beef ffffffffffffffff 10") == 0,
          words->printed);
}
