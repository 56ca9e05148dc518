/* SPDX-License-Identifier: MIT */
/* Frames in address spaces: map, unmap, protect, share, harvest. */
#include "boot_test/make.h"
#include "boot_test/probe.h"
#include "boot_test/special.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "pith/kernel_calls.h"

#define READ_WRITE (PROT_READ | PROT_WRITE)
#define READ_EXEC (PROT_READ | PROT_EXEC)
#define CODE 0x400000ull
#define LARGE (PLACE + MIB(256)) /* no page table ever stands here before */
#define UD2 0x0b0full

static volatile uint64_t *at(user_addr_t place)
{
    return (volatile uint64_t *)place;
}

static uint32_t attached_to(cap_addr_t space, uint32_t *tables)
{
    uint32_t attached = 99;

    CHECK_OK(vspace_info(space, &attached, tables));
    return attached;
}

static cap_addr_t space_make(uint32_t tables)
{
    cap_addr_t space = make(OBJECT_VSPACE, 0);

    REQUIRE_OK(vspace_add_tables(space, make(OBJECT_PAGE_TABLE, tables)));
    return space;
}

TEST(pages_may_be_mapped_many_times)
{
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(4, PAGE_CLASS_4K));
    uint32_t done = 0;

    map_at(frame, PLACE, 4, READ_WRITE);
    map_at(frame, PLACE + MIB(4), 4, PROT_READ);
    REQUIRE_OK(vspace_map(VSPACE, frame, 2, 1, PLACE + MIB(64), READ_WRITE, &done));
    for (uint64_t i = 0; i < 4; i++) {
        CHECK_EQ(*at(PLACE + i * PAGE_BYTES), 0, "new memory is zero");
        *at(PLACE + i * PAGE_BYTES) = 100 + i;
    }
    for (uint64_t i = 0; i < 4; i++) {
        CHECK_EQ(*at(PLACE + MIB(4) + i * PAGE_BYTES), 100 + i, "the same memory elsewhere");
    }
    CHECK_EQ(*at(PLACE + MIB(64)), 102, "the page named by its number");
    *at(PLACE + MIB(64)) = 5;
    CHECK_EQ(*at(PLACE + 2 * PAGE_BYTES), 5, "and the other way");
}

TEST(map_does_64_pages_at_a_time)
{
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(200, PAGE_CLASS_4K));
    uint32_t done = 0;

    CHECK_OK(vspace_map(VSPACE, frame, 0, 200, PLACE, READ_WRITE, &done));
    CHECK_EQ(done, 64, "at most 64");
    CHECK_OK(vspace_map(VSPACE, frame, 190, 10, PLACE + 100 * PAGE_BYTES, READ_WRITE, &done));
    CHECK_EQ(done, 10, "all that were asked for");
    CHECK_OK(vspace_map(VSPACE, frame, 64, 136, PLACE + 64 * PAGE_BYTES, READ_WRITE, &done));
    CHECK_EQ(done, 36, "as far as there is room");
}

TEST(map_stops_where_tables_run_out)
{
    cap_addr_t space = space_make(3);
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(8, PAGE_CLASS_4K));
    uint32_t done = 0, tables = 0;

    CHECK_OK(vspace_map(space, frame, 0, 8, PLACE + MIB(2) - 4 * PAGE_BYTES, READ_WRITE, &done));
    CHECK_EQ(done, 4, "up to the end of the last table");
    CHECK_EQ(attached_to(space, &tables), 1, "one run of frames");
    CHECK_EQ(tables, 3, "all three tables");
}

TEST(unmapped_pages_fault)
{
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(4, PAGE_CLASS_4K));
    struct probe probe = probe_make();

    probe_expect_fault(&probe, probe_read, PLACE, FAULT_NOT_PRESENT);
    map_at(frame, PLACE, 4, READ_WRITE);
    *at(PLACE + PAGE_BYTES) = 7;
    probe_expect_read(&probe, PLACE + PAGE_BYTES, 7);
    CHECK_OK(vspace_unmap(VSPACE, PLACE + PAGE_BYTES, 2));
    probe_expect_fault(&probe, probe_read, PLACE + PAGE_BYTES, FAULT_NOT_PRESENT);
    probe_expect_fault(&probe, probe_write, PLACE + 2 * PAGE_BYTES + 16, FAULT_NOT_PRESENT);
    probe_expect_read(&probe, PLACE, 0);
    probe_expect_read(&probe, PLACE + 3 * PAGE_BYTES, 0);
    probe_expect_fault(&probe, probe_exec, PLACE + MIB(5), FAULT_NOT_PRESENT);
    probe_expect_fault(&probe, probe_read, 8, FAULT_NOT_PRESENT);
}

TEST(the_kernels_half_is_out_of_reach)
{
    struct probe probe = probe_make();

    /* Every 128 GiB of it, and every MiB of the last two. */
    for (uint64_t place = 0xffff800000000000ull; place >= 0xffff800000000000ull;
         place += place < 0xffffffff80000000ull ? 1ull << 37 : MIB(1)) {
        struct outcome read = probe_run(&probe, probe_read, place, 0);
        struct outcome write = probe_run(&probe, probe_write, place + 4088, 0);

        CHECK(read.kind == FAULT_NOT_PRESENT || read.kind == FAULT_PROTECTION, "no reading");
        CHECK(write.kind == FAULT_NOT_PRESENT || write.kind == FAULT_PROTECTION, "no writing");
    }
}

TEST(protection_is_what_was_asked_for)
{
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(2, PAGE_CLASS_4K));
    struct probe probe = probe_make();
    uint32_t done = 0;

    map_at(frame, PLACE, 2, READ_WRITE);
    *at(PLACE) = UD2;
    probe_expect_write(&probe, PLACE + 8, 9);
    probe_expect_fault(&probe, probe_exec, PLACE, FAULT_PROTECTION);
    CHECK_OK(vspace_protect(VSPACE, PLACE, 1, PROT_READ, &done));
    CHECK_EQ(done, 1, "one page");
    probe_expect_read(&probe, PLACE + 8, 9);
    probe_expect_fault(&probe, probe_write, PLACE + 24, FAULT_PROTECTION);
    probe_expect_fault(&probe, probe_exec, PLACE, FAULT_PROTECTION);
    probe_expect_write(&probe, PLACE + PAGE_BYTES, 1);
    CHECK_OK(vspace_protect(VSPACE, PLACE, 1, READ_EXEC, &done));
    probe_expect_fault(&probe, probe_write, PLACE + 24, FAULT_PROTECTION);
    struct outcome outcome = probe_run(&probe, probe_exec, PLACE, 0);

    CHECK_EQ(outcome.kind, FAULT_ILLEGAL, "the code there is executed");
    CHECK_EQ(outcome.ip, PLACE, "there");
    CHECK_OK(vspace_protect(VSPACE, PLACE, 1, READ_WRITE, &done));
    probe_expect_write(&probe, PLACE + 24, 2);
}

TEST(nothing_is_mapped_without_the_right_to_read)
{
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K));
    cap_addr_t none = copy_of(frame, 0);
    cap_addr_t write = copy_of(frame, RIGHT_WRITE);
    cap_addr_t exec = copy_of(frame, RIGHT_EXEC);
    uint32_t done = 0;

    CHECK_EQ(vspace_map(VSPACE, none, 0, 1, PLACE, 0, &done), ERR_NO_RIGHT, "no rights at all");
    CHECK_EQ(vspace_map(VSPACE, write, 0, 1, PLACE, PROT_WRITE, &done), ERR_NO_RIGHT, "WRITE");
    CHECK_EQ(vspace_map(VSPACE, write, 0, 1, PLACE, 0, &done), ERR_NO_RIGHT, "none of it");
    CHECK_EQ(vspace_map(VSPACE, exec, 0, 1, PLACE, PROT_EXEC, &done), ERR_NO_RIGHT, "EXEC");
}

TEST(protect_never_gives_more_than_the_capability_allowed)
{
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K));
    cap_addr_t exec = copy_of(frame, RIGHT_READ | RIGHT_EXEC);
    uint32_t done = 9;

    map_at(exec, PLACE, 1, PROT_READ);
    CHECK_EQ(vspace_protect(VSPACE, PLACE, 1, READ_WRITE, &done), ERR_NO_RIGHT, "no WRITE");
    CHECK_OK(vspace_protect(VSPACE, PLACE, 1, READ_EXEC, &done));
    CHECK_EQ(vspace_protect(VSPACE, PLACE, 1, READ_WRITE, &done), ERR_NO_RIGHT, "still not");
}

TEST(large_pages)
{
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(2, PAGE_CLASS_2M));
    struct probe probe = probe_make();
    uint32_t done = 0;

    REQUIRE_OK(vspace_map(VSPACE, frame, 0, 2, LARGE, READ_WRITE, &done));
    CHECK_EQ(done, 2, "two pages of 2 MiB");
    *at(LARGE + MIB(4) - 8) = 42;
    probe_expect_read(&probe, LARGE + MIB(4) - 8, 42);
    REQUIRE_OK(vspace_map(VSPACE, frame, 1, 1, LARGE + MIB(16), PROT_READ, &done));
    probe_expect_read(&probe, LARGE + MIB(18) - 8, 42);
    probe_expect_fault(&probe, probe_write, LARGE + MIB(16) + 64, FAULT_PROTECTION);
    CHECK_OK(vspace_protect(VSPACE, LARGE, 1, PROT_READ, &done));
    probe_expect_fault(&probe, probe_write, LARGE + MIB(1), FAULT_PROTECTION);
    probe_expect_write(&probe, LARGE + MIB(2), 5);
    CHECK_OK(vspace_unmap(VSPACE, LARGE + PAGE_BYTES, 64));
    probe_expect_read(&probe, LARGE, 0);
    CHECK_OK(vspace_unmap(VSPACE, LARGE, 1));
    probe_expect_fault(&probe, probe_read, LARGE + MIB(1), FAULT_NOT_PRESENT);
    probe_expect_read(&probe, LARGE + MIB(2), 5);
    CHECK_OK(frame_detach(frame));
    probe_expect_fault(&probe, probe_read, LARGE + MIB(2), FAULT_NOT_PRESENT);
    probe_expect_fault(&probe, probe_read, LARGE + MIB(16), FAULT_NOT_PRESENT);
    cap_addr_t small = make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K));

    map_at(small, LARGE + MIB(2) + PAGE_BYTES, 1, READ_WRITE);
    probe_expect_write(&probe, LARGE + MIB(2) + PAGE_BYTES, 1);
    REQUIRE_OK(frame_detach(small));
    err_t err = vspace_map(VSPACE, frame, 0, 1, LARGE + MIB(2), READ_WRITE, &done);

    CHECK(err == ERR_OK || err == ERR_ALREADY_MAPPED, "a table may stand where a page was");
}

TEST(harvest_reads_and_clears_the_marks)
{
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(64, PAGE_CLASS_4K));
    uint64_t accessed = 1, dirty = 1;

    map_at(frame, PLACE, 64, READ_WRITE);
    CHECK_OK(vspace_harvest(VSPACE, PLACE, 64, &accessed, &dirty));
    CHECK_EQ(accessed, 0, "nobody was there");
    CHECK_EQ(dirty, 0, "nobody wrote");
    (void)*at(PLACE + 3 * PAGE_BYTES);
    *at(PLACE + 63 * PAGE_BYTES) = 1;
    CHECK_OK(vspace_harvest(VSPACE, PLACE, 64, &accessed, &dirty));
    CHECK_EQ(accessed, 1ull << 3 | 1ull << 63, "two pages were used");
    CHECK_EQ(dirty, 1ull << 63, "one was written");
    CHECK_OK(vspace_harvest(VSPACE, PLACE, 64, &accessed, &dirty));
    CHECK_EQ(accessed | dirty, 0, "the marks are cleared");
    *at(PLACE + 63 * PAGE_BYTES) = 2;
    (void)*at(PLACE + 3 * PAGE_BYTES);
    CHECK_OK(vspace_harvest(VSPACE, PLACE + 62 * PAGE_BYTES, 2, &accessed, &dirty));
    CHECK_EQ(accessed, 2, "bit n stands for page n of the range");
    CHECK_EQ(dirty, 2, "and is set again by the next write");
    CHECK_OK(vspace_harvest(VSPACE, PLACE, 64, &accessed, &dirty));
    CHECK_EQ(accessed, 1ull << 3, "what lay outside stayed");
}

TEST(share_makes_both_sides_read_only)
{
    cap_addr_t space = space_make(8);
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(6, PAGE_CLASS_4K));
    cap_addr_t there = copy_of(frame, RIGHTS_ALL);
    cap_addr_t foreign = make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K));
    struct probe probe = probe_make();
    struct probe other = probe_make_in(space, CODE);
    uint32_t done = 0, shared = 0;

    map_at(frame, PLACE, 6, READ_WRITE);
    for (uint64_t i = 0; i < 6; i++) {
        *at(PLACE + i * PAGE_BYTES) = 50 + i;
    }
    CHECK_OK(vspace_unmap(VSPACE, PLACE + PAGE_BYTES, 2));
    map_at(foreign, PLACE + PAGE_BYTES, 1, READ_WRITE);
    CHECK_OK(vspace_share(space, VSPACE, PLACE, there, PLACE + MIB(1), 8, &done, &shared));
    CHECK_EQ(done, 8, "all places visited");
    CHECK_EQ(shared, 4, "of six pages one was gone and one another run's");
    probe_expect_read(&other, PLACE + MIB(1), 50);
    probe_expect_read(&other, PLACE + MIB(1) + 5 * PAGE_BYTES, 55);
    probe_expect_fault(&other, probe_read, PLACE + MIB(1) + PAGE_BYTES, FAULT_NOT_PRESENT);
    probe_expect_fault(&other, probe_read, PLACE + MIB(1) + 2 * PAGE_BYTES, FAULT_NOT_PRESENT);
    probe_expect_fault(&other, probe_write, PLACE + MIB(1), FAULT_PROTECTION);
    probe_expect_fault(&probe, probe_write, PLACE, FAULT_PROTECTION);
    probe_expect_write(&probe, PLACE + PAGE_BYTES, 1);
    CHECK_OK(vspace_protect(VSPACE, PLACE, 1, READ_WRITE, &done));
    probe_expect_write(&probe, PLACE, 60);
    probe_expect_read(&other, PLACE + MIB(1), 60);
    delete (frame);
    probe_expect_fault(&probe, probe_read, PLACE, FAULT_NOT_PRESENT);
    probe_expect_fault(&other, probe_read, PLACE + MIB(1), FAULT_NOT_PRESENT);
}

/* The tables of the source end after 20 pages, those of the other side after 45. */
TEST(share_goes_on_from_table_to_table)
{
    const user_addr_t from = PLACE + MIB(2) - 20 * PAGE_BYTES;
    const user_addr_t to = PLACE + MIB(8) - 45 * PAGE_BYTES;
    cap_addr_t space = space_make(12);
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(64, PAGE_CLASS_4K));
    cap_addr_t there = copy_of(frame, RIGHTS_ALL);
    struct probe probe = probe_make();
    struct probe other = probe_make_in(space, CODE);
    uint32_t done = 0, shared = 0;

    map_at(frame, from, 64, READ_WRITE);
    for (uint64_t i = 0; i < 64; i++) {
        *at(from + i * PAGE_BYTES) = 100 + i;
    }
    CHECK_OK(vspace_share(space, VSPACE, from, there, to, 64, &done, &shared));
    CHECK_EQ(done, 64, "all places");
    CHECK_EQ(shared, 64, "all pages");
    for (uint64_t i = 0; i < 64; i++) {
        probe_expect_read(&other, to + i * PAGE_BYTES, 100 + i);
        probe_expect_fault(&other, probe_write, to + i * PAGE_BYTES, FAULT_PROTECTION);
        probe_expect_fault(&probe, probe_write, from + i * PAGE_BYTES, FAULT_PROTECTION);
    }
    CHECK_OK(vspace_share(space, VSPACE, from - MIB(512), there, to, 64, &done, &shared));
    CHECK_EQ(done, 64, "places without a table are passed over");
    CHECK_EQ(shared, 0, "though the others are taken");
}

TEST(share_stops_where_a_place_is_taken)
{
    cap_addr_t space = space_make(8);
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(8, PAGE_CLASS_4K));
    cap_addr_t there = copy_of(frame, RIGHTS_ALL);
    cap_addr_t taken = make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K));
    struct probe probe = probe_make();
    struct probe other = probe_make_in(space, CODE);
    uint32_t done = 0, shared = 0;

    map_at(frame, PLACE, 8, READ_WRITE);
    *at(PLACE + 4 * PAGE_BYTES) = 4;
    *at(PLACE + 5 * PAGE_BYTES) = 5;
    CHECK_OK(vspace_unmap(VSPACE, PLACE + PAGE_BYTES, 1));
    REQUIRE_OK(vspace_map(space, taken, 0, 1, PLACE + 5 * PAGE_BYTES, READ_WRITE, &done));
    CHECK_OK(vspace_share(space, VSPACE, PLACE, there, PLACE, 8, &done, &shared));
    CHECK_EQ(done, 5, "as far as there was room");
    CHECK_EQ(shared, 4, "the one that was gone does not count");
    probe_expect_read(&other, PLACE + 4 * PAGE_BYTES, 4);
    probe_expect_read(&other, PLACE + 5 * PAGE_BYTES, 0);
    probe_expect_fault(&other, probe_read, PLACE + 6 * PAGE_BYTES, FAULT_NOT_PRESENT);
    probe_expect_write(&probe, PLACE + 5 * PAGE_BYTES, 6);
    CHECK_EQ(vspace_share(space, VSPACE, PLACE + 5 * PAGE_BYTES, there, PLACE + 5 * PAGE_BYTES, 3,
                          &done, &shared),
             ERR_ALREADY_MAPPED, "the first place");
}

/* Several places are looked at together: each of them, and what is passed over, must count all the same. */
TEST(share_finds_the_taken_place_wherever_it_is)
{
    cap_addr_t space = space_make(16);
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(11, PAGE_CLASS_4K));
    cap_addr_t there = copy_of(frame, RIGHTS_ALL);
    cap_addr_t taken = make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K));
    struct probe other = probe_make_in(space, CODE);
    uint32_t done = 0, shared = 0;

    for (uint32_t i = 0; i < 11; i++) {
        user_addr_t from = PLACE + i * MIB(2);
        user_addr_t page = from + i * PAGE_BYTES;

        map_at(frame, from, 11, READ_WRITE);
        *at(page) = 70 + i;
        REQUIRE_OK(vspace_map(space, taken, 0, 1, page, READ_WRITE, &done));
        err_t err = vspace_share(space, VSPACE, from, there, from, 11, &done, &shared);

        if (i == 0) {
            CHECK_EQ(err, ERR_ALREADY_MAPPED, "the first place");
        } else {
            CHECK_OK(err);
            CHECK_EQ(done, i, "as far as there was room");
            CHECK_EQ(shared, i, "all of them pages");
            CHECK_OK(vspace_unmap(space, from, i));
        }
        probe_expect_read(&other, page, 0);
        probe_expect_fault(&other, probe_read, page + PAGE_BYTES, FAULT_NOT_PRESENT);
        CHECK_OK(vspace_unmap(VSPACE, page, 1));
        CHECK_OK(vspace_share(space, VSPACE, from, there, from, 11, &done, &shared));
        CHECK_EQ(done, 11, "nothing lies before the taken place");
        CHECK_EQ(shared, 10, "all others");
        probe_expect_read(&other, page, 0);
    }
}
/* Code that is shared goes on. */
TEST(share_takes_no_right_but_to_write)
{
    cap_addr_t space = space_make(8);
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K));
    cap_addr_t there = copy_of(frame, RIGHTS_ALL);
    struct probe probe = probe_make();
    struct probe other = probe_make_in(space, CODE);
    uint32_t done = 0, shared = 0;

    map_at(frame, PLACE, 1, READ_WRITE);
    *at(PLACE) = UD2;
    CHECK_OK(vspace_protect(VSPACE, PLACE, 1, READ_EXEC, &done));
    CHECK_OK(vspace_share(space, VSPACE, PLACE, there, PLACE, 1, &done, &shared));
    CHECK_EQ(shared, 1, "one page");
    struct outcome outcome = probe_run(&probe, probe_exec, PLACE, 0);

    CHECK_EQ(outcome.kind, FAULT_ILLEGAL, "the source may still execute it");
    CHECK_EQ(outcome.ip, PLACE, "there");
    probe_expect_fault(&other, probe_exec, PLACE, FAULT_PROTECTION);
}

TEST(revoking_a_frame_removes_its_mappings_everywhere)
{
    cap_addr_t space = space_make(8);
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(3, PAGE_CLASS_4K));
    cap_addr_t here = copy_of(frame, RIGHTS_ALL);
    cap_addr_t there = copy_of(here, RIGHT_READ);
    struct probe probe = probe_make();
    struct probe other = probe_make_in(space, CODE);
    uint32_t done = 0, tables;

    map_at(frame, PLACE, 3, READ_WRITE);
    map_at(here, PLACE + MIB(8), 3, READ_WRITE);
    REQUIRE_OK(vspace_map(space, there, 0, 3, PLACE, PROT_READ, &done));
    *at(PLACE) = 3;
    probe_expect_read(&other, PLACE, 3);
    uint32_t attached = attached_to(VSPACE, &tables);

    CHECK_OK(cap_table_revoke(TABLE, frame));
    probe_expect_read(&probe, PLACE, 3);
    probe_expect_fault(&probe, probe_read, PLACE + MIB(8), FAULT_NOT_PRESENT);
    probe_expect_fault(&other, probe_read, PLACE, FAULT_NOT_PRESENT);
    CHECK_EQ(attached_to(VSPACE, &tables), attached - 1, "one run less");
    CHECK_EQ(attached_to(space, &tables), 1, "only the code is left");
    delete (frame);
    probe_expect_fault(&probe, probe_read, PLACE, FAULT_NOT_PRESENT);
}

TEST(detach_removes_only_what_was_mapped_through_it)
{
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(3, PAGE_CLASS_4K));
    cap_addr_t copy = copy_of(frame, RIGHTS_ALL);
    struct probe probe = probe_make();

    map_at(frame, PLACE, 3, READ_WRITE);
    map_at(frame, PLACE + MIB(32), 3, READ_WRITE);
    map_at(copy, PLACE + MIB(16), 3, READ_WRITE);
    map_at(frame, PLACE + MIB(16) - 3 * PAGE_BYTES, 3, READ_WRITE);
    map_at(frame, PLACE + MIB(16) + 3 * PAGE_BYTES, 3, READ_WRITE);
    CHECK_OK(frame_detach(copy));
    probe_expect_fault(&probe, probe_read, PLACE + MIB(16), FAULT_NOT_PRESENT);
    bool kept = probe_run(&probe, probe_read, PLACE, 0).kind == FAULT_ILLEGAL &&
                probe_run(&probe, probe_read, PLACE + MIB(32), 0).kind == FAULT_ILLEGAL;
    bool beside =
        probe_run(&probe, probe_read, PLACE + MIB(16) - PAGE_BYTES, 0).kind == FAULT_ILLEGAL &&
        probe_run(&probe, probe_read, PLACE + MIB(16) + 3 * PAGE_BYTES, 0).kind == FAULT_ILLEGAL;

    CHECK(kept, "pages mapped through the other capability stay");
    CHECK(beside, "also just before and behind");
    CHECK(!(identify(TABLE, copy).flags & IDENTIFY_ATTACHED), "it is attached no more");
    CHECK_OK(frame_detach(copy));
}

TEST(deleting_page_tables_unmaps_what_they_held)
{
    cap_addr_t space = make(OBJECT_VSPACE, 0);
    cap_addr_t run = make(OBJECT_PAGE_TABLE, 6);
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(2, PAGE_CLASS_4K));
    uint32_t done = 0, tables = 0, total = 0, free = 0;

    REQUIRE_OK(vspace_add_tables(space, run));
    struct probe other = probe_make_in(space, CODE);

    REQUIRE_OK(vspace_map(space, frame, 0, 2, CODE + MIB(2), READ_WRITE, &done));
    probe_expect_write(&other, CODE + MIB(2), 1);
    (void)attached_to(space, &tables);
    CHECK_EQ(tables, 4, "two levels above, one table for each 2 MiB");
    CHECK_OK(page_table_info(run, &total, &free));
    CHECK_EQ(free, 2, "the others are free");
    delete (run);
    (void)attached_to(space, &tables);
    CHECK_EQ(tables, 0, "no table is left");
    struct outcome outcome = probe_run(&other, probe_read, CODE + MIB(2), 0);

    CHECK_EQ(outcome.kind, FAULT_NOT_PRESENT, "not even its code is there");
    CHECK_EQ(outcome.address, CODE, "so that is what faults");
    REQUIRE_OK(vspace_add_tables(space, make(OBJECT_PAGE_TABLE, 6)));
    CHECK_OK(vspace_map(space, frame, 0, 2, CODE + MIB(2), READ_WRITE, &done));
}

TEST(mappings_follow_a_capability_that_moves)
{
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(3, PAGE_CLASS_4K));
    cap_addr_t table = make(OBJECT_CAP_TABLE, 4);
    struct probe probe = probe_make();

    map_at(frame, PLACE, 3, READ_WRITE);
    REQUIRE_OK(cap_table_move(table, 5, TABLE, frame));
    probe_expect_read(&probe, PLACE, 0);
    CHECK_OK(cap_table_delete(table, 5));
    probe_expect_fault(&probe, probe_read, PLACE, FAULT_NOT_PRESENT);
}

TEST(a_stale_translation_never_stays)
{
    cap_addr_t first = make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K));
    cap_addr_t second = make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K));

    map_at(first, PLACE, 1, READ_WRITE);
    *at(PLACE) = 1;
    CHECK_OK(vspace_unmap(VSPACE, PLACE, 1));
    map_at(second, PLACE, 1, READ_WRITE);
    CHECK_EQ(*at(PLACE), 0, "after unmap the other frame is seen");
    *at(PLACE) = 2;
    CHECK_OK(frame_detach(second));
    map_at(first, PLACE, 1, PROT_READ);
    CHECK_EQ(*at(PLACE), 1, "after detach the first one again");
    delete (first);
    map_at(second, PLACE, 1, PROT_READ);
    CHECK_EQ(*at(PLACE), 2, "after delete the second one");
}
