/* SPDX-License-Identifier: MIT */
/* How long it takes to take memory back, beside what a program can do in the same time. */
#include "boot_test/make.h"
#include "boot_test/test.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"

#define TABLES 256u
#define PER_TABLE 512u
#define FIRST (PLACE + MIB(256))
#define TABLE_SPAN MIB(2)
#define SPARSE 64u /* tables of the level above, with one of the lowest each */

static uint64_t time_to_read(const volatile uint64_t *words, uint32_t count)
{
    uint64_t before_ns = clock_now();

    for (uint32_t i = 0; i < count; i++) {
        (void)words[i % PER_TABLE];
    }
    return clock_now() - before_ns;
}

static void map_one(cap_addr_t space, cap_addr_t frame, uint64_t number)
{
    uint32_t done = 0;

    REQUIRE_OK(vspace_map(space, frame, 0, 1, FIRST + number * TABLE_SPAN, PROT_READ, &done));
}

/* A capability is mapped at both ends of what many tables hold, nearly all of them empty. */
TEST(a_page_with_uses_far_apart_is_taken_back_quickly)
{
    cap_addr_t space = make(OBJECT_VSPACE, 0);
    cap_addr_t far = make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K));
    cap_addr_t between = make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K));

    REQUIRE_OK(vspace_add_tables(space, make(OBJECT_PAGE_TABLE, TABLES + 4)));
    for (uint64_t i = 0; i < TABLES; i++) {
        map_one(space, i == 0 || i == TABLES - 1 ? far : between, i);
    }

    static uint64_t table[PER_TABLE];
    uint64_t read_ns = time_to_read(table, TABLES * PER_TABLE);
    uint64_t before_ns = clock_now();

    CHECK_OK(frame_detach(far));
    CHECK(clock_now() - before_ns < 4 * read_ns,
          "a few times as long as to read all of the tables");
}

/* Any of the tables could be the one. */
TEST(a_page_table_among_many_is_taken_back_quickly)
{
    cap_addr_t space = make(OBJECT_VSPACE, 0);
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K));
    cap_addr_t last = make(OBJECT_PAGE_TABLE, 1);
    static uint64_t table[PER_TABLE];
    uint32_t done = 0;

    REQUIRE_OK(vspace_add_tables(space, make(OBJECT_PAGE_TABLE, 2 * SPARSE)));
    for (uint64_t i = 0; i < SPARSE; i++) {
        if (i == SPARSE - 1) {
            REQUIRE_OK(vspace_add_tables(space, last));
        }
        REQUIRE_OK(vspace_map(space, frame, 0, 1, FIRST + i * MIB(1024), PROT_READ, &done));
    }
    uint64_t read_ns = time_to_read(table, SPARSE * PER_TABLE);
    uint64_t before_ns = clock_now();

    delete (last);
    CHECK(clock_now() - before_ns < 4 * read_ns, "a few times as long as to read those");
}
