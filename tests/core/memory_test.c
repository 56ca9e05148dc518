/* SPDX-License-Identifier: MIT */
/* Memory: what can be made of it, and what address spaces refuse. */
#include "arch_host/machine.h"
#include "cap/cap.h"
#include "core/core.h"
#include "situation.h"

enum { A = 40, B, C, D, TABLES, SPACE, LARGE_RAM = 8 << 20, LARGE_PAGE = 2 << 20 };

#define AT 0x400000ull

static err_t map(uint32_t frame, uint32_t count, user_addr_t at, uint32_t prot)
{
    err_t err = CALL(SPACE, VSPACE_MAP, frame, 0, count, at, prot);

    situation_is_sound();
    return err;
}

/* A space with page tables, a large page in it at AT + LARGE_PAGE, and three small ones at AT. */
static void space_make(void)
{
    situation_begin_large(LARGE_RAM);
    OK(object_make(OBJECT_FRAME, 1 << 8 | PAGE_CLASS_2M, A), "a large page");
    OK(object_make(OBJECT_FRAME, 3 << 8, B), "small ones");
    OK(object_make(OBJECT_VSPACE, 0, SPACE), "a space");
    OK(object_make(OBJECT_PAGE_TABLE, 8, TABLES), "tables");
    OK(CALL(SPACE, VSPACE_ADD_TABLES, TABLES), "for the space");
    OK(map(B, 3, AT, PROT_READ), "small pages");
    OK(map(A, 1, AT + LARGE_PAGE, PROT_READ), "a large page");
}

TEST(what_is_no_possible_size_is_refused)
{
    static const struct {
        const char *why;
        uint32_t type;
        uint64_t size;
        err_t want;
    } cases[] = {
        { "no bytes", OBJECT_UNTYPED, 0, ERR_RANGE },
        { "no whole page", OBJECT_UNTYPED, 100, ERR_RANGE },
        { "too many bytes", OBJECT_UNTYPED, 1ull << 46, ERR_RANGE },
        { "more than there is", OBJECT_UNTYPED, 1ull << 40, ERR_NO_MEMORY },
        { "no pages", OBJECT_FRAME, 0, ERR_RANGE },
        { "too many pages", OBJECT_FRAME, 1ull << 40, ERR_RANGE },
        { "no page size", OBJECT_FRAME, 1 << 8 | 3, ERR_RANGE },
        { "a page larger than all", OBJECT_FRAME, 1 << 8 | PAGE_CLASS_1G, ERR_NO_MEMORY },
        { "no tables", OBJECT_PAGE_TABLE, 0, ERR_RANGE },
        { "too many tables", OBJECT_PAGE_TABLE, 1ull << 46, ERR_RANGE },
        { "too few slots", OBJECT_CAP_TABLE, 3, ERR_RANGE },
        { "too many slots", OBJECT_CAP_TABLE, 17, ERR_RANGE },
        { "a space has no size", OBJECT_VSPACE, 1, ERR_RANGE },
        { "no such rank", OBJECT_THREAD, 16, ERR_RANGE },
        { "no such flag", OBJECT_THREAD, 0x200, ERR_RANGE },
        { "no such rank", OBJECT_ENDPOINT, 16, ERR_RANGE },
        { "no such rank", OBJECT_NOTIFICATION, 16, ERR_RANGE },
        { "a context has no size", OBJECT_SCHED_CONTEXT, 1, ERR_RANGE },
        { "a reply has no size", OBJECT_REPLY, 1, ERR_RANGE },
        { "a timer has no size", OBJECT_TIMER, 1, ERR_RANGE },
        { "an interrupt has no size", OBJECT_IRQ, 1, ERR_RANGE },
        { "ports have no size", OBJECT_IO_PORT, 1, ERR_RANGE },
    };

    situation_begin();
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK_EQ(object_make(cases[i].type, cases[i].size, A), cases[i].want, cases[i].why);
        CHECK_EQ(cap_at(A)->type, OBJECT_NONE, "nothing is made");
    }
    situation_end();
}

TEST(device_memory_becomes_frames_only_and_is_not_touched)
{
    enum { DEVICE = ROOT_SLOT_UNTYPED + 1 };

    situation_begin();
    CHECK(cap_at(DEVICE)->run.is_device, "there is device memory");
    for (uint32_t type = OBJECT_PAGE_TABLE; type < OBJECT_MACHINE; type++) {
        CHECK_EQ(object_make_from(DEVICE, type, type == OBJECT_CAP_TABLE ? 4 : 1, A), ERR_RANGE,
                 "no object lies in a device");
    }
    OK(object_make_from(DEVICE, OBJECT_UNTYPED, 4 * PAGE, A), "a part of it");
    OK(object_make_from(A, OBJECT_FRAME, 2 << 8, B), "pages");
    situation_is_sound();
    OK(CALL(B, FRAME_INFO, 0), "what they are");
    CHECK_EQ(result_word(0), HOST_DEVICE_BASE, "at the start");
    CHECK_EQ(result_word(3), CACHE_UNCACHED, "uncached at first");
    OK(CALL(B, FRAME_SET_CACHE, CACHE_WRITE_COMBINING), "that may change");
    OK(CALL(B, FRAME_INFO, 0), "what they are");
    CHECK_EQ(result_word(3), CACHE_WRITE_COMBINING, "and has");
    OK(object_make(OBJECT_PAGE_TABLE, 4, TABLES), "tables");
    OK(CALL(ROOT_SLOT_VSPACE, VSPACE_ADD_TABLES, TABLES), "for the space");
    OK(CALL(ROOT_SLOT_VSPACE, VSPACE_MAP, B, 0, 1, AT, PROT_READ), "mapped");
    CHECK_EQ(CALL(B, FRAME_SET_CACHE, CACHE_UNCACHED), ERR_BUSY, "not while it is mapped");
    thread_make(C, 3, 50);
    CHECK_EQ(CALL(C, THREAD_SET_BUFFER, B, 0), ERR_WRONG_TYPE, "no buffer lies in a device");
    OK(object_make(OBJECT_FRAME, 1 << 8, TABLES + 1), "ordinary memory");
    CHECK_EQ(CALL(TABLES + 1, FRAME_SET_CACHE, CACHE_UNCACHED), ERR_WRONG_TYPE, "is always cached");
    situation_is_sound();
    situation_end();
}

TEST(mapping_beside_and_over_large_pages)
{
    space_make();
    OK(object_make(OBJECT_FRAME, 1 << 8, C), "one more page");
    CHECK_EQ(map(C, 1, AT + LARGE_PAGE + PAGE, PROT_READ), ERR_ALREADY_MAPPED,
             "a large page is there");
    CHECK_EQ(map(C, 1, AT, PROT_READ), ERR_ALREADY_MAPPED, "a small one is there");
    CHECK(cap_at(C)->run.space == NULL, "nothing stays attached");
    OK(CALL(SPACE, VSPACE_UNMAP, AT + LARGE_PAGE + PAGE, 4), "from inside a large page");
    OK(CALL(SPACE, VSPACE_HARVEST, AT + LARGE_PAGE, 4), "no marks of a large page");
    OK(CALL(SPACE, VSPACE_PROTECT, AT + LARGE_PAGE, 1, PROT_READ), "it is still there");
    OK(CALL(SPACE, VSPACE_UNMAP, AT + LARGE_PAGE - PAGE, 2), "its start is in the range");
    CHECK_EQ(CALL(SPACE, VSPACE_PROTECT, AT + LARGE_PAGE, 1, PROT_READ), ERR_NOT_MAPPED,
             "it has gone whole");
    situation_is_sound();
    situation_end();
}

/* Page tables go while a large page hangs beside them. */
TEST(page_tables_go_around_large_pages)
{
    space_make();
    OK(object_make(OBJECT_PAGE_TABLE, 1, C), "another run of tables");
    OK(CALL(SPACE, VSPACE_ADD_TABLES, C), "for the space");
    CHECK_EQ(CALL(SPACE, VSPACE_ADD_TABLES, C), ERR_BUSY, "once");
    OK(slot_delete(C), "goes");
    situation_is_sound();
    OK(CALL(SPACE, VSPACE_PROTECT, AT + LARGE_PAGE, 1, PROT_READ), "the large page stays");
    OK(slot_delete(TABLES), "all tables go");
    CHECK_EQ(CALL(SPACE, VSPACE_PROTECT, AT, 1, PROT_READ), ERR_NOT_MAPPED, "and all pages");
    situation_is_sound();
    situation_end();
}

TEST(what_a_space_refuses)
{
    static const struct {
        const char *why;
        uint64_t first, count, at, prot;
        err_t want;
    } cases[] = {
        { "pages past the run", 2, 2, AT + 0x100000, PROT_READ, ERR_RANGE },
        { "not aligned", 0, 1, AT + 1, PROT_READ, ERR_RANGE },
        { "the first page of all", 0, 1, 0, PROT_READ, ERR_RANGE },
        { "past the user half", 0, 1, 0x7ffffffff000, PROT_READ, ERR_RANGE },
        { "across its end", 0, 2, 0x7fffffffe000, PROT_READ, ERR_RANGE },
        { "writable and executable", 0, 1, AT + 0x100000, PROT_WRITE | PROT_EXEC, ERR_NO_RIGHT },
        { "without the right", 0, 1, AT + 0x100000, PROT_WRITE, ERR_NO_RIGHT },
    };

    space_make();
    OK(slot_copy_with(B, C, RIGHT_READ), "a copy for reading");
    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK_EQ(
            CALL(SPACE, VSPACE_MAP, C, cases[i].first, cases[i].count, cases[i].at, cases[i].prot),
            cases[i].want, cases[i].why);
    }
    OK(map(C, 1, AT + 0x10000, PROT_READ), "mapped for reading");
    CHECK_EQ(CALL(SPACE, VSPACE_PROTECT, AT + 0x10000, 1, PROT_WRITE), ERR_NO_RIGHT,
             "what its frame did not allow is not added");
    CHECK_EQ(CALL(SPACE, VSPACE_PROTECT, AT, 1, PROT_WRITE | PROT_EXEC), ERR_NO_RIGHT,
             "writable and executable");
    OK(CALL(SPACE, VSPACE_PROTECT, AT + 2 * PAGE, 3, PROT_WRITE), "up to where nothing is");
    CHECK_EQ(result_word(0), 1, "which is said");
    CHECK_EQ(CALL(SPACE, VSPACE_UNMAP, 1, 1), ERR_RANGE, "not aligned");
    CHECK_EQ(CALL(SPACE, VSPACE_HARVEST, AT, 64), ERR_OK, "marks");
    CHECK_EQ(CALL(ROOT_SLOT_VSPACE, VSPACE_MAP, B, 0, 1, AT, PROT_READ), ERR_BUSY,
             "the run is attached elsewhere");
    situation_end();
}

/* A capability for some pages maps those and takes away those, whatever its source has mapped beside them. */
TEST(some_pages_of_a_run_are_a_run)
{
    space_make();
    OK(slot_pages(B, C, 1, 2), "two of three pages");
    CHECK_EQ(cap_at(C)->run.base, cap_at(B)->run.base + PAGE, "from the second on");
    CHECK_EQ(CALL(SPACE, VSPACE_MAP, C, 0, 3, AT + 0x10000, PROT_READ), ERR_RANGE, "not three");
    CHECK_EQ(CALL(SPACE, VSPACE_MAP, C, 2, 1, AT + 0x10000, PROT_READ), ERR_RANGE, "nor a third");
    OK(map(C, 2, AT + 0x10000, PROT_READ), "two can be mapped");
    OK(CALL(SPACE, VSPACE_SHARE, SPACE, AT, C, AT + 0x20000, 3), "shared through it");
    CHECK(result_word(0) == 3 && result_word(1) == 2, "are those two");
    OK(slot_pages(B, 62, 0, 1), "the first alone");
    CHECK_EQ(cap_at(62)->run.size_bytes, PAGE, "is one page");
    OK(slot_pages(C, D, 1, 1), "one of them");
    CHECK_EQ(slot_pages(C, 60, 1, 2), ERR_RANGE, "not what only the run has");
    CHECK_EQ(slot_pages(C, 60, 0, 0), ERR_RANGE, "not nothing");
    CHECK_EQ(slot_pages(SPACE, 60, 0, 1), ERR_WRONG_TYPE, "not of a space");
    OK(CALL(C, FRAME_DETACH, 0), "detached");
    CHECK_EQ(CALL(SPACE, VSPACE_PROTECT, AT + 0x10000, 1, PROT_READ), ERR_NOT_MAPPED, "it is gone");
    OK(CALL(SPACE, VSPACE_PROTECT, AT + PAGE, 2, PROT_READ), "what its source has mapped is not");
    situation_is_sound();
    OK(slot_pages(A, 60, 0, 1), "of a large page all");
    CHECK_EQ(slot_pages(A, 61, 1, 1), ERR_RANGE, "is one");
    OK(map(D, 1, AT + 0x30000, PROT_READ), "one page of some of a run");
    OK(slot_revoke(B), "whoever takes back the run");
    CHECK_EQ(CALL(SPACE, VSPACE_PROTECT, AT + 0x30000, 1, PROT_READ), ERR_NOT_MAPPED,
             "has it back");
    situation_is_sound();
    situation_end();
}

/* Beside them the same pages are mapped through another capability. */
TEST(what_is_detached_are_the_uses_of_one_capability)
{
    space_make();
    OK(slot_copy(B, C), "another capability for the pages");
    OK(map(C, 3, AT + 3 * PAGE, PROT_READ), "maps them behind");
    OK(CALL(SPACE, VSPACE_MAP, B, 0, 3, AT + 6 * PAGE, PROT_READ), "the first behind those");
    OK(CALL(C, FRAME_DETACH, 0), "detached");
    CHECK_EQ(CALL(SPACE, VSPACE_PROTECT, AT + 3 * PAGE, 1, PROT_READ), ERR_NOT_MAPPED, "is gone");
    OK(CALL(SPACE, VSPACE_PROTECT, AT, 3, PROT_READ), "those before");
    CHECK_EQ(result_word(0), 3, "are there");
    OK(CALL(SPACE, VSPACE_PROTECT, AT + 6 * PAGE, 3, PROT_READ), "and those behind");
    CHECK_EQ(result_word(0), 3, "are, too");
    situation_end();
}

TEST(a_space_without_tables_left_maps_what_it_can)
{
    situation_begin();
    OK(object_make(OBJECT_VSPACE, 0, SPACE), "a space");
    OK(object_make(OBJECT_FRAME, 80 << 8, A), "pages");
    CHECK_EQ(map(A, 1, AT, PROT_READ), ERR_NO_MEMORY, "without tables");
    OK(object_make(OBJECT_PAGE_TABLE, 3, TABLES), "three tables: for one place");
    OK(CALL(SPACE, VSPACE_ADD_TABLES, TABLES), "for the space");
    OK(map(A, 10, AT - 2 * PAGE, PROT_READ), "up to the end of a table");
    CHECK_EQ(result_word(0), 2, "which is said");
    OK(CALL(SPACE, VSPACE_MAP, A, 0, 70, AT - 70 * PAGE, PROT_READ), "many pages");
    CHECK_EQ(result_word(0), 64, "64 of them at once");
    OK(CALL(TABLES, PAGE_TABLE_INFO, 0), "the run of tables");
    CHECK(result_word(0) == 3 && result_word(1) == 0, "is used up");
    OK(CALL(SPACE, VSPACE_INFO, 0), "the space");
    CHECK(result_word(0) == 1 && result_word(1) == 3, "says the same");
    situation_end();
}

TEST(pages_are_shared_as_far_as_it_goes)
{
    space_make();
    OK(slot_copy(B, C), "another capability for the pages");
    OK(object_make(OBJECT_VSPACE, 0, D), "a second space");
    CHECK_EQ(CALL(D, VSPACE_SHARE, SPACE, AT, C, AT, 3), ERR_NO_MEMORY, "it has no tables");
    CHECK(cap_at(C)->run.space == NULL, "nothing stays attached");
    OK(CALL(SPACE, VSPACE_SHARE, SPACE, AT, C, AT + 0x10000, 3), "within a space");
    CHECK(result_word(0) == 3 && result_word(1) == 3, "three pages");
    CHECK_EQ(CALL(SPACE, VSPACE_SHARE, SPACE, AT, C, AT + 0x10000, 3), ERR_ALREADY_MAPPED,
             "the place is taken");
    CHECK_EQ(cap_at(C)->run.space, cap_at(SPACE)->object, "attached it stays");
    OK(CALL(SPACE, VSPACE_SHARE, SPACE, AT + PAGE, C, AT + 0x10000 - PAGE, 2), "one place is free");
    CHECK(result_word(0) == 1 && result_word(1) == 1, "one page");
    OK(CALL(SPACE, VSPACE_SHARE, SPACE, AT + LARGE_PAGE, C, AT + 0x20000, 2), "no small page");
    CHECK_EQ(result_word(1), 0, "is passed over");
    OK(slot_copy_with(B, 60, RIGHT_WRITE), "a copy that may not be read");
    CHECK_EQ(CALL(SPACE, VSPACE_SHARE, SPACE, AT, 60, AT + 0x30000, 1), ERR_NO_RIGHT, "no right");
    CHECK_EQ(CALL(SPACE, VSPACE_SHARE, SPACE, AT + 1, C, AT, 1), ERR_RANGE, "not aligned");
    situation_is_sound();
    situation_end();
}
