/* SPDX-License-Identifier: MIT */
/* The memory map of boot against a model that has a mark for each page. */
#include <string.h>

#include "arch/arch.h"
#include "arch_host/machine.h"
#include "core/boot.h"
#include "last_words.h"
#include "situation.h"

enum { PAGES = 256, RUNS = 300, STEPS = 40 };

/* What each page of [HOST_RAM_BASE, HOST_RAM_BASE + PAGES pages) is. */
struct model {
    bool is_ram[PAGES];
    bool is_held[PAGES];
    uint64_t ram_bytes;
};

static phys_t at(uint64_t page)
{
    return HOST_RAM_BASE + page * PAGE;
}

/* In order, apart, of whole pages, and exactly those pages for which the model says so. */
static void check_ranges(const struct boot_range *ranges, uint32_t count, const bool *wanted)
{
    bool covered[PAGES] = { false };
    phys_t last_end = 0;

    CHECK(count <= BOOT_HELD_MAX, "no more than fit");
    for (uint32_t i = 0; i < count; i++) {
        CHECK(i == 0 || ranges[i].base >= last_end, "in order, none overlaps the one before");
        CHECK(ranges[i].size_bytes != 0 && ranges[i].base % PAGE == 0 &&
                  ranges[i].size_bytes % PAGE == 0,
              "whole pages");
        last_end = ranges[i].base + ranges[i].size_bytes;
        for (phys_t page = ranges[i].base; page < last_end; page += PAGE) {
            covered[(page - HOST_RAM_BASE) / PAGE] = true;
        }
    }
    CHECK(memcmp(covered, wanted, sizeof(covered)) == 0, "the pages of the model");
}

static void check(const struct boot_plan *plan, const struct model *model)
{
    bool is_free[PAGES];

    for (uint32_t i = 0; i < PAGES; i++) {
        is_free[i] = model->is_ram[i] && !model->is_held[i];
    }
    check_ranges(plan->ram, plan->ram_count, is_free);
    check_ranges(plan->held, plan->held_count, model->is_held);
    CHECK_EQ(plan->ram_bytes, model->ram_bytes, "all RAM is counted, free or not");
}

/* A range that need not begin or end with a page. RAM shrinks to whole pages, what is held grows. */
static void step(struct boot_plan *plan, struct model *model)
{
    phys_t base = at(test_random(PAGES - 20)) + (test_random(3) == 0 ? test_random(PAGE) : 0);
    uint64_t bytes = (uint64_t)test_random(16) * PAGE + (test_random(3) == 0 ? 1000 : 0);
    bool is_ram = test_random(2) == 0;

    if (!is_ram && bytes == 0) {
        return;
    }
    for (uint32_t i = 0; i < PAGES; i++) {
        if (is_ram && at(i) >= base && at(i) + PAGE <= base + bytes) {
            model->is_ram[i] = true;
        }
        if (!is_ram && at(i) + PAGE > base && at(i) < base + bytes) {
            model->is_held[i] = true;
        }
    }
    if (is_ram) {
        model->ram_bytes += bytes;
        boot_plan_add_ram(plan, base, bytes);
    } else {
        boot_plan_hold(plan, base, bytes);
    }
}

TEST(the_memory_map_is_that_of_the_model)
{
    for (int run = 0; run < RUNS && !test_has_failed(); run++) {
        struct boot_plan plan = { 0 };
        struct model model = { 0 };

        for (int i = 0; i < STEPS; i++) {
            step(&plan, &model);
            check(&plan, &model);
        }
    }
}

TEST(memory_for_the_kernel_comes_from_the_largest_range_and_is_clear)
{
    static const struct {
        const char *why;
        uint64_t bytes, align;
        phys_t below, want;
    } cases[] = {
        { "the largest", PAGE, PAGE, UINT64_MAX, HOST_RAM_BASE + 100 * PAGE },
        { "aligned", PAGE, 64 * PAGE, UINT64_MAX, HOST_RAM_BASE + 128 * PAGE },
        { "not whole pages", 100, PAGE, UINT64_MAX, HOST_RAM_BASE + 100 * PAGE },
        { "below what is larger", PAGE, PAGE, HOST_RAM_BASE + 100 * PAGE, HOST_RAM_BASE },
        { "ending at the limit", 40 * PAGE, PAGE, HOST_RAM_BASE + 140 * PAGE,
          HOST_RAM_BASE + 100 * PAGE },
        { "below by a little", 20 * PAGE, PAGE, HOST_RAM_BASE + 110 * PAGE, HOST_RAM_BASE },
    };

    host_start(&(struct host_options){ .ram_bytes = PAGES * PAGE });
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct boot_plan plan = { 0 };

        memset(arch_phys_to_ptr(HOST_RAM_BASE), 0xa5, PAGES * PAGE);
        boot_plan_add_ram(&plan, at(0), 30 * PAGE);
        boot_plan_add_ram(&plan, at(100), 100 * PAGE);
        boot_plan_add_ram(&plan, at(220), 5 * PAGE);
        phys_t got = boot_plan_take(&plan, cases[i].bytes, cases[i].align, cases[i].below);
        const uint8_t *memory = arch_phys_to_ptr(got);

        CHECK_EQ(got, cases[i].want, cases[i].why);
        CHECK(memory[0] == 0 && memory[cases[i].bytes - 1] == 0, "it is clear");
        CHECK_EQ(plan.held_count, 1, "and held");
        CHECK(plan.held[0].base == got && plan.held[0].size_bytes >= cases[i].bytes, "all of it");
    }
    host_stop();
}

TEST(of_ram_in_too_many_pieces_the_smallest_are_not_used)
{
    struct boot_plan plan = { 0 };
    uint64_t pages = 0;

    for (uint32_t i = 0; i < BOOT_RANGES_MAX + 11; i++) {
        boot_plan_add_ram(&plan, at(100 * i), (i % 7 == 0 ? 1 : 2 + i) * PAGE);
        pages += i % 7 == 0 ? 1 : 2 + i;
    }
    CHECK_EQ(plan.ram_count, BOOT_RANGES_MAX, "as many as there is room for");
    CHECK_EQ(plan.ram_bytes, pages * PAGE, "all is counted");
    for (uint32_t i = 0; i < plan.ram_count; i++) {
        CHECK(i == 0 || plan.ram[i].base > plan.ram[i - 1].base, "in order");
        CHECK(plan.ram[i].size_bytes >= 2 * PAGE, "the pieces of one page are gone");
    }
    CHECK_EQ(plan.held_count, 11, "and nobody's: no device, either");
    boot_plan_hold(&plan, at(100 * 73) + 30 * PAGE, PAGE);
    CHECK_EQ(plan.ram_count, BOOT_RANGES_MAX, "one is cut in two and the smallest goes");
    boot_plan_hold(&plan, at(100 * 72) + 72 * PAGE, PAGE);
    CHECK_EQ(plan.ram_count, BOOT_RANGES_MAX, "or what was cut off, if that is the smallest");
    CHECK_EQ(plan.ram[BOOT_RANGES_MAX - 4].size_bytes, 72 * PAGE, "the rest stays");
}

TEST(an_archive_where_the_kernel_writes_is_copied_away)
{
    static const struct {
        const char *why;
        uint64_t first_page, bytes;
        bool moves;
    } cases[] = {
        { "before what is held", 90, 10 * PAGE, false }, { "behind it", 102, 3 * PAGE, false },
        { "its last byte", 95, 5 * PAGE + 1, true },     { "its first", 101, 7, true },
        { "all around", 90, 20 * PAGE - 5, true },       { "none", 100, 0, false },
    };

    host_start(&(struct host_options){ .ram_bytes = PAGES * PAGE });
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct boot_plan plan = { .archive = at(cases[i].first_page),
                                  .archive_bytes = cases[i].bytes };
        uint8_t *memory = arch_phys_to_ptr(plan.archive);

        boot_plan_add_ram(&plan, at(0), PAGES * PAGE);
        boot_plan_hold(&plan, at(100), 2 * PAGE);
        for (uint64_t byte = 0; byte < cases[i].bytes; byte++) {
            memory[byte] = (uint8_t)(byte * 7 / 3);
        }
        boot_plan_hold_archive(&plan, at(PAGES));
        CHECK_EQ(plan.archive != at(cases[i].first_page), cases[i].moves, cases[i].why);
        CHECK_EQ(plan.archive_bytes, cases[i].bytes, "as long as it was");
        CHECK(plan.archive >= at(102) || plan.archive + cases[i].bytes <= at(100),
              "away from what is held");
        memory = arch_phys_to_ptr(plan.archive);
        for (uint64_t byte = 0; byte < cases[i].bytes && !test_has_failed(); byte++) {
            CHECK_EQ(memory[byte], (uint8_t)(byte * 7 / 3), "what is in it stays");
        }
        for (uint32_t j = 0; j < plan.ram_count && cases[i].bytes != 0; j++) {
            CHECK(plan.ram[j].base >= plan.archive + cases[i].bytes ||
                      plan.ram[j].base + plan.ram[j].size_bytes <= plan.archive,
                  "and nobody gets its pages");
        }
    }
    host_stop();
}

static void take_too_much(const void *unused)
{
    struct boot_plan plan = { 0 };

    (void)unused;
    boot_plan_add_ram(&plan, at(0), 3 * PAGE);
    boot_plan_add_ram(&plan, at(10), 3 * PAGE);
    boot_plan_take(&plan, 4 * PAGE, PAGE, UINT64_MAX);
}

static void hold_too_much(const void *unused)
{
    struct boot_plan plan = { 0 };

    (void)unused;
    for (uint32_t i = 0; i <= BOOT_HELD_MAX; i++) {
        CHECK_EQ(plan.held_count, i, "so many pieces fit");
        boot_plan_hold(&plan, at(2 * i), PAGE);
    }
}

TEST(a_map_that_does_not_do_is_refused_in_words)
{
    const struct last_words *words = last_words_of(take_too_much, NULL);

    CHECK(strcmp(words->text, "too little RAM to boot") == 0, words->text);
    words = last_words_of(hold_too_much, NULL);
    CHECK(strcmp(words->text, "the memory map has too many pieces") == 0, words->text);
}
