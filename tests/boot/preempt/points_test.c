/* SPDX-License-Identifier: MIT */
/* Every preemption point of the long operations on capabilities and memory, forced one by one: aim.h. */
#include "aim.h"
#include "boot_test/make.h"
#include "boot_test/probe.h"
#include "boot_test/special.h"
#include "boot_test/test.h"
#include "pith/kernel_calls.h"
#include "pith/syscall.h"

#define READ_WRITE (PROT_READ | PROT_WRITE)
/* Looked at between two points; behind the last there is none (kernel/mm/runs.c). */
#define SCAN_PLACES 32u
#define ZERO_BYTES KIB(4) /* cleared between two points (kernel/object/untyped.c) */

#define COPIES 40u
#define CHAIN 60u
#define TABLES 4u
#define INSIDE 6u
#define TABLE_BYTES KIB(12) /* of 64 slots, with its header */
#define ZERO_PAGES 16u
#define PAGES 640u
#define RUNS 200u

/* What a test works on: memory of its own, which each run leaves empty, and a row of slots. */
struct scene {
    cap_addr_t untyped, first, copies;
    struct probe probe;
};
static struct scene scene;

static void scene_begin(uint64_t size_bytes, uint32_t slots, uint32_t copies)
{
    scene.untyped = make(OBJECT_UNTYPED, size_bytes);
    scene.first = slots_next(slots);
    scene.copies = copies > 0 ? slots_next(copies) : 0;
}

static void create(uint32_t type, uint64_t size, cap_addr_t slot)
{
    REQUIRE_OK(untyped_retype(scene.untyped, type, size, 1, TABLE, slot));
}

static struct message on_slot(uint32_t method, cap_addr_t slot)
{
    uint64_t word = slot;

    return method_of(TABLE, method, 1, &word);
}

static void check_empty(void)
{
    CHECK_EQ(used_bytes(scene.untyped), 0, "all memory is free");
}

static void prepare_tree(void)
{
    create(OBJECT_ENDPOINT, 5, scene.first);
    for (uint32_t i = 0; i < COPIES; i++) {
        cap_addr_t from = i < 3 ? scene.first : scene.copies + i / 3 - 1;

        REQUIRE_OK(cap_table_copy(TABLE, scene.copies + i, TABLE, from, RIGHTS_ALL));
    }
}

TEST(every_point_of_deleting_a_tree)
{
    scene_begin(KIB(64), 1, COPIES);
    aim_at_every_point(&(struct operation){ "delete, a tree of 40 copies", prepare_tree,
                                            check_empty, on_slot(CAP_TABLE_DELETE, scene.first),
                                            STEP_FINE_NS, COPIES });
}

static void prepare_chain(void)
{
    create(OBJECT_ENDPOINT, 5, scene.first);
    for (uint32_t i = 0; i < CHAIN; i++) {
        cap_addr_t from = i == 0 ? scene.first : scene.copies + i - 1;

        REQUIRE_OK(cap_table_copy(TABLE, scene.copies + i, TABLE, from, RIGHTS_ALL));
    }
}

static void check_revoked(void)
{
    CHECK_EQ(identify(TABLE, scene.first).flags, IDENTIFY_ORIGINAL, "no child, not frozen");
    delete (scene.first);
    check_empty();
}

TEST(every_point_of_revoking_a_chain)
{
    scene_begin(KIB(64), 1, CHAIN);
    aim_at_every_point(&(struct operation){ "revoke, a chain of 60 copies", prepare_chain,
                                            check_revoked, on_slot(CAP_TABLE_REVOKE, scene.first),
                                            STEP_FINE_NS, CHAIN });
}

static void prepare_tables(void)
{
    create(OBJECT_CAP_TABLE, 6, scene.first);
    REQUIRE_OK(untyped_retype(scene.untyped, OBJECT_CAP_TABLE, 6, TABLES, TABLE, scene.first + 1));
    for (uint32_t i = 0; i < TABLES; i++) {
        cap_addr_t inner = scene.first + 1 + i;

        REQUIRE_OK(untyped_retype(scene.untyped, OBJECT_NOTIFICATION, 0, INSIDE, inner, 1));
        REQUIRE_OK(cap_table_copy(inner, 40, TABLE, scene.first, RIGHTS_ALL));
        REQUIRE_OK(cap_table_move(scene.first, i + 1, TABLE, inner));
    }
}

/*
 * For each table inside: its copy of the outer one, the moment it is doomed, what it holds, its last slots, its end. For the
 * outer one: its last slots and its end.
 */
TEST(every_point_of_deleting_tables_in_tables)
{
    scene_begin(KIB(256), 1 + TABLES, 0);
    aim_at_every_point(&(struct operation){ "delete, 4 tables in a table", prepare_tables,
                                            check_empty, on_slot(CAP_TABLE_DELETE, scene.first),
                                            STEP_FINE_NS, TABLES * (1 + 1 + INSIDE + 1 + 1) + 2 });
}

static void prepare_nothing(void)
{
}

static void check_zeroed(void)
{
    volatile uint64_t *memory = (volatile uint64_t *)PLACE;
    uint64_t seen = 0;

    map_at(scene.first, PLACE, ZERO_PAGES, READ_WRITE);
    for (uint32_t i = 0; i < ZERO_PAGES * PAGE_BYTES / 8; i += 64) {
        seen |= memory[i];
        memory[i] = ~0ull;
    }
    CHECK_EQ(seen, 0, "all of it is zero");
    delete (scene.first);
    check_empty();
}

TEST(every_point_of_zeroing_a_frame)
{
    scene_begin(KIB(64), 1, 0);
    uint64_t words[] = { OBJECT_FRAME, FRAME_SIZE(ZERO_PAGES, PAGE_CLASS_4K), 1, TABLE,
                         scene.first };

    aim_at_every_point(
        &(struct operation){ "retype, a frame of 16 pages", prepare_nothing, check_zeroed,
                             method_of(scene.untyped, UNTYPED_RETYPE, 5, words), STEP_COARSE_NS,
                             ZERO_PAGES * PAGE_BYTES / ZERO_BYTES - 1 });
}

static void check_tables_made(void)
{
    for (uint32_t i = 0; i < TABLES; i++) {
        CHECK_EQ(identify(TABLE, scene.first + i).size, 64, "each has its slots");
        delete (scene.first + i);
    }
    check_empty();
}

TEST(every_point_of_making_tables)
{
    scene_begin(KIB(64), TABLES, 0);
    uint64_t words[] = { OBJECT_CAP_TABLE, 6, TABLES, TABLE, scene.first };

    aim_at_every_point(
        &(struct operation){ "retype, 4 tables of 64 slots", prepare_nothing, check_tables_made,
                             method_of(scene.untyped, UNTYPED_RETYPE, 5, words), STEP_COARSE_NS,
                             TABLES * TABLE_BYTES / ZERO_BYTES - 1 });
}

static void prepare_mapped(void)
{
    create(OBJECT_FRAME, FRAME_SIZE(PAGES, PAGE_CLASS_4K), scene.first);
    map_at(scene.first, PLACE, PAGES, READ_WRITE);
}

static void check_unmapped(void)
{
    probe_expect_fault(&scene.probe, probe_read, PLACE, FAULT_NOT_PRESENT);
    probe_expect_fault(&scene.probe, probe_read, PLACE + PAGES / 2 * PAGE_BYTES, FAULT_NOT_PRESENT);
    probe_expect_fault(&scene.probe, probe_read, PLACE + (PAGES - 1) * PAGE_BYTES,
                       FAULT_NOT_PRESENT);
}

static void check_detached(void)
{
    check_unmapped();
    CHECK_EQ(identify(TABLE, scene.first).flags, IDENTIFY_ORIGINAL, "it is not attached");
    delete (scene.first);
    check_empty();
}

TEST(every_point_of_detaching_a_frame)
{
    scene_begin(MIB(3), 1, 0);
    scene.probe = probe_make();
    aim_at_every_point(&(struct operation){
        "detach, a frame of 640 pages", prepare_mapped, check_detached,
        method_of(scene.first, FRAME_DETACH, 0, NULL), STEP_COARSE_NS, (PAGES - 1) / SCAN_PLACES });
}

static void check_deleted(void)
{
    check_unmapped();
    check_empty();
}

TEST(every_point_of_deleting_a_mapped_frame)
{
    scene_begin(MIB(3), 1, 0);
    scene.probe = probe_make();
    aim_at_every_point(&(struct operation){ "delete, a mapped frame of 640 pages", prepare_mapped,
                                            check_deleted, on_slot(CAP_TABLE_DELETE, scene.first),
                                            STEP_COARSE_NS, (PAGES - 1) / SCAN_PLACES });
}

/* The tables next to the root are of one run, the two below them, for the first place and the last, are of the other, which is deleted. */
static void prepare_page_tables(void)
{
    uint32_t done = 0;

    create(OBJECT_VSPACE, 0, scene.first);
    create(OBJECT_PAGE_TABLE, 2, scene.first + 1);
    create(OBJECT_PAGE_TABLE, 2, scene.first + 2);
    create(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K), scene.first + 3);
    REQUIRE_OK(vspace_add_tables(scene.first, scene.first + 1));
    CHECK_EQ(vspace_map(scene.first, scene.first + 3, 0, 1, PLACE, PROT_READ, &done), ERR_NO_MEMORY,
             "two tables are not enough");
    REQUIRE_OK(vspace_add_tables(scene.first, scene.first + 2));
    REQUIRE_OK(vspace_map(scene.first, scene.first + 3, 0, 1, PLACE, PROT_READ, &done));
    REQUIRE_OK(vspace_map(scene.first, scene.first + 3, 0, 1, PLACE + MIB(1022), PROT_READ, &done));
}

static void check_page_tables(void)
{
    uint32_t attached = 0, tables = 9;

    REQUIRE_OK(vspace_info(scene.first, &attached, &tables));
    CHECK_EQ(attached, 1, "the frame is still attached");
    CHECK_EQ(tables, 2, "the other run's tables are still in use");
    CHECK_OK(cap_table_revoke(TABLE, scene.untyped));
    check_empty();
}

TEST(every_point_of_deleting_page_tables)
{
    scene_begin(KIB(64), 4, 0);
    aim_at_every_point(&(struct operation){
        "delete, a run of page tables", prepare_page_tables, check_page_tables,
        on_slot(CAP_TABLE_DELETE, scene.first + 2), STEP_COARSE_NS, 511 / SCAN_PLACES });
}

static void prepare_space(void)
{
    uint32_t done = 0;

    create(OBJECT_VSPACE, 0, scene.first);
    create(OBJECT_PAGE_TABLE, 4, scene.first + 1);
    create(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K), scene.first + 2);
    REQUIRE_OK(vspace_add_tables(scene.first, scene.first + 1));
    for (uint32_t i = 0; i < RUNS; i++) {
        REQUIRE_OK(cap_table_copy(TABLE, scene.copies + i, TABLE, scene.first + 2, RIGHTS_ALL));
        REQUIRE_OK(vspace_map(scene.first, scene.copies + i, 0, 1, PLACE + i * PAGE_BYTES,
                              PROT_READ, &done));
    }
}

static void check_space(void)
{
    for (uint32_t i = 0; i < RUNS; i += 40) {
        CHECK_EQ(identify(TABLE, scene.copies + i).flags, 0, "no run is attached any more");
    }
    CHECK_OK(cap_table_revoke(TABLE, scene.untyped));
    check_empty();
}

TEST(every_point_of_deleting_a_space)
{
    scene_begin(KIB(64), 3, RUNS);
    aim_at_every_point(&(struct operation){ "delete, a space of 201 runs", prepare_space,
                                            check_space, on_slot(CAP_TABLE_DELETE, scene.first),
                                            STEP_COARSE_NS, (RUNS + 1) / SCAN_PLACES });
}

/* One of each type, a space in use, and a thread that is bound to a table, a space and a context. */
static void prepare_all_types(void)
{
    static const uint32_t plain[] = { OBJECT_SCHED_CONTEXT, OBJECT_REPLY,   OBJECT_TIMER,
                                      OBJECT_IRQ,           OBJECT_IO_PORT, OBJECT_ENDPOINT,
                                      OBJECT_NOTIFICATION };
    cap_addr_t slot = scene.first;
    uint32_t done = 0;

    create(OBJECT_VSPACE, 0, slot);
    create(OBJECT_PAGE_TABLE, 4, slot + 1);
    create(OBJECT_FRAME, FRAME_SIZE(70, PAGE_CLASS_4K), slot + 2);
    create(OBJECT_CAP_TABLE, 4, slot + 3);
    create(OBJECT_THREAD, THREAD_SIZE(3), slot + 4);
    create(OBJECT_UNTYPED, KIB(4), slot + 5);
    REQUIRE_OK(vspace_add_tables(slot, slot + 1));
    for (uint32_t i = 0; i < 70; i += done) {
        REQUIRE_OK(vspace_map(slot, slot + 2, i, 70 - i > 64 ? 64 : 70 - i, PLACE + i * PAGE_BYTES,
                              PROT_READ, &done));
    }
    for (uint32_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        create(plain[i], 0, slot + 6 + i);
    }
    REQUIRE_OK(thread_configure(slot + 4, slot + 3, slot));
    REQUIRE_OK(sched_context_configure(slot + 6, MACHINE, 10, MS(10), MS(10), 0));
    REQUIRE_OK(sched_context_bind(slot + 6, slot + 4));
}

/* Each; the first 64 pages; the end of the table. */
TEST(every_point_of_revoking_memory_with_all_types)
{
    scene_begin(MIB(1), 13, 0);
    aim_at_every_point(&(struct operation){ "revoke, memory with all 13 types", prepare_all_types,
                                            check_empty, on_slot(CAP_TABLE_REVOKE, scene.untyped),
                                            STEP_FINE_NS, 13 + 1 + 1 });
}
