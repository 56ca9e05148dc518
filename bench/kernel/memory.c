/* SPDX-License-Identifier: MIT */
/* One page at a time, into the caller's own space, where the page tables are there already. */
#include "abi/boot_info.h"
#include "bench.h"
#include "mark.h"
#include "peer.h"
#include "pith/debug.h"
#include "pith/kernel_calls.h"
#include "pith/object.h"
#include "pith/ranges.h"
#include "pith/self.h"
#include "pith/space.h"

/* The places of one page table. */
enum { PLACES = 512, GRANT_PAGES = 16 };
#define PLACES_BYTES (PLACES * PAGE_BYTES)

/* A gigabyte, and its tables: 512 of the lowest level, one or two of each other. */
enum { SHARE_PAGES = 262144, SHARE_CALL_PAGES = 64, SHARE_TABLES = 516 };
#define SHARE_BYTES (SHARE_PAGES * PAGE_BYTES)
#define SHARE_PLACE 0x100000000000ull

static void map_all(user_addr_t start, cap_addr_t frame)
{
    for (uint32_t i = 0; i < PLACES; i++) {
        uint32_t done = 0;

        MARK_BEGIN(ROW_MAP);
        err_t err = vspace_map(ROOT_SLOT_VSPACE, frame, i, 1, start + i * PAGE_BYTES,
                               PROT_READ | PROT_WRITE, &done);

        MARK_END(ROW_MAP);
        assert(err == ERR_OK && done == 1);
    }
}

static void unmap_all(user_addr_t start)
{
    for (uint32_t i = 0; i < PLACES; i++) {
        MARK_BEGIN(ROW_UNMAP);
        err_t err = vspace_unmap(ROOT_SLOT_VSPACE, start + i * PAGE_BYTES, 1);

        MARK_END(ROW_UNMAP);
        assert(err == ERR_OK);
    }
}

static void write_all(user_addr_t start)
{
    for (uint32_t i = 0; i < PLACES; i++) {
        *(volatile uint64_t *)(start + i * PAGE_BYTES) = i;
    }
}

/*
 * What a server that granted pages would cost its client, beside the two calls that would ask for them and give them
 * back: a capability for a run of pages is derived, the pages are mapped to be read, and it is deleted, which unmaps them.
 */
static void grant_all(user_addr_t start, cap_addr_t run, uint32_t row, uint32_t pages)
{
    cap_addr_t granted = 0;
    err_t err = cap_copy(run, RIGHT_READ, &granted); /* for its slot */

    assert(err == ERR_OK);
    err = cap_table_delete(ROOT_SLOT_TABLE, granted);
    assert(err == ERR_OK);
    for (uint32_t i = 0; i < REPETITIONS; i++) {
        uint32_t done = 0;

        if (row == ROW_GRANT) {
            MARK_BEGIN(ROW_GRANT);
        } else {
            MARK_BEGIN(ROW_GRANT_PAGE);
        }
        err = cap_table_copy(ROOT_SLOT_TABLE, granted, ROOT_SLOT_TABLE, run, RIGHT_READ);
        if (err == ERR_OK) {
            err = vspace_map(ROOT_SLOT_VSPACE, granted, 0, pages, start, PROT_READ, &done);
        }
        if (err == ERR_OK) {
            err = cap_table_delete(ROOT_SLOT_TABLE, granted);
        }
        if (row == ROW_GRANT) {
            MARK_END(ROW_GRANT);
        } else {
            MARK_END(ROW_GRANT_PAGE);
        }
        assert(err == ERR_OK && done == pages);
    }
}

static void configure_all(void)
{
    cap_addr_t context;
    err_t err = object_create(OBJECT_SCHED_CONTEXT, 0, &context);

    assert(err == ERR_OK);
    for (uint32_t i = 0; i < REPETITIONS; i++) {
        MARK_BEGIN(ROW_CONFIGURE);
        err = sched_context_configure(context, ROOT_SLOT_MACHINE, PEER_PRIORITY, PEER_SLICE_NS,
                                      PEER_SLICE_NS, 0);
        MARK_END(ROW_CONFIGURE);
        assert(err == ERR_OK);
    }
}

void bench_memory(void)
{
    cap_addr_t frame = 0;
    user_addr_t place = 0;
    err_t err = object_create(OBJECT_FRAME, PLACES << 8 | PAGE_CLASS_4K, &frame);

    assert(err == ERR_OK);
    self_lock();
    err = ranges_reserve(&self()->ranges, PLACES_BYTES, PLACES_BYTES, &place);
    self_unlock();
    assert(err == ERR_OK);
    /* Once by the library, which adds the page table. */
    err = region_map(place, frame, 0, 1, PROT_READ | PROT_WRITE);
    assert(err == ERR_OK);
    err = vspace_unmap(ROOT_SLOT_VSPACE, place, 1);
    assert(err == ERR_OK);
    for (uint32_t round = 0; round < REPETITIONS / PLACES; round++) {
        map_all(place, frame);
        write_all(place);
        unmap_all(place);
    }
    grant_all(place, frame, ROW_GRANT, GRANT_PAGES);
    grant_all(place, frame, ROW_GRANT_PAGE, 1);
    configure_all();
}

/* Of pages from `from` on, all mapped here, to `at` in another space. */
static void share(cap_addr_t space, user_addr_t from, cap_addr_t frame, user_addr_t at)
{
    for (uint64_t offset = 0; offset < SHARE_BYTES; offset += SHARE_CALL_PAGES * PAGE_BYTES) {
        uint32_t done = 0;
        uint32_t shared = 0;
        err_t err = vspace_share(space, ROOT_SLOT_VSPACE, from + offset, frame, at + offset,
                                 SHARE_CALL_PAGES, &done, &shared);

        assert(err == ERR_OK && shared == SHARE_CALL_PAGES);
    }
}

static void add_tables(cap_addr_t space, uint32_t count)
{
    cap_addr_t tables = 0;
    err_t err = object_create(OBJECT_PAGE_TABLE, count, &tables);

    assert(err == ERR_OK);
    err = vspace_add_tables(space, tables);
    assert(err == ERR_OK);
}

/* A gigabyte of memory, each page mapped by a call of its own, and written. */
static void map_separately(user_addr_t start, cap_addr_t frame)
{
    for (uint32_t i = 0; i < SHARE_PAGES; i++) {
        uint32_t done = 0;
        err_t err = vspace_map(ROOT_SLOT_VSPACE, frame, i, 1, start + i * PAGE_BYTES,
                               PROT_READ | PROT_WRITE, &done);

        assert(err == ERR_OK && done == 1);
        *(volatile uint64_t *)(start + i * PAGE_BYTES) = i;
    }
}

static void make_writable(user_addr_t start)
{
    for (uint64_t offset = 0; offset < SHARE_BYTES; offset += SHARE_CALL_PAGES * PAGE_BYTES) {
        uint32_t done = 0;
        err_t err = vspace_protect(ROOT_SLOT_VSPACE, start + offset, SHARE_CALL_PAGES,
                                   PROT_READ | PROT_WRITE, &done);

        assert(err == ERR_OK && done == SHARE_CALL_PAGES);
    }
}

void bench_share(void)
{
    const user_addr_t start = SHARE_PLACE;
    const user_addr_t copy = start + SHARE_BYTES;
    cap_addr_t space = 0;
    cap_addr_t frame = 0;
    cap_addr_t other = 0;
    err_t err = object_create(OBJECT_FRAME, (uint64_t)SHARE_PAGES << 8 | PAGE_CLASS_4K, &frame);

    assert(err == ERR_OK);
    err = object_create(OBJECT_VSPACE, 0, &space);
    assert(err == ERR_OK);
    err = cap_copy(frame, RIGHT_READ, &other);
    assert(err == ERR_OK);
    add_tables(ROOT_SLOT_VSPACE, 2 * SHARE_TABLES);
    add_tables(space, SHARE_TABLES);
    map_separately(start, frame);
    MARK_BEGIN(ROW_SHARE);
    share(space, start, other, start);
    MARK_END(ROW_SHARE);
    make_writable(start);
    MARK_BEGIN(ROW_SHARE_SAME_SPACE);
    share(ROOT_SLOT_VSPACE, start, frame, copy);
    MARK_END(ROW_SHARE_SAME_SPACE);
    for (uint32_t i = 0; i < SHARE_PAGES; i++) {
        assert(*(volatile uint64_t *)(copy + i * PAGE_BYTES) == i);
    }
}
