/* SPDX-License-Identifier: MIT */
/* What frames, page tables and address spaces refuse; what they do is in tests/boot/memory. */
#include "boot_test/errors.h"
#include "boot_test/make.h"
#include "boot_test/special.h"
#include "boot_test/test.h"
#include "pith/kernel_calls.h"

#define READ_WRITE (PROT_READ | PROT_WRITE)

static cap_addr_t device_untyped(void)
{
    const struct boot_info *boot = (const struct boot_info *)BOOT_INFO_ADDR;

    for (uint32_t i = 0; i < boot->untyped_count; i++) {
        if (boot->untyped[i].device && boot->untyped[i].size_bytes >= KIB(64)) {
            return boot->untyped[i].slot;
        }
    }
    REQUIRE(false, "there is device memory");
    return 0;
}

TEST(frame_info_tells_all)
{
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(3, PAGE_CLASS_4K));
    cap_addr_t large = make(OBJECT_FRAME, FRAME_SIZE(2, PAGE_CLASS_2M));
    uint64_t base = 1;
    uint32_t pages = 0, class = 9, cache = 9;

    CHECK_OK(frame_info(frame, &base, &pages, &class, &cache));
    CHECK_EQ(base % PAGE_BYTES, 0, "aligned");
    CHECK_EQ(pages, 3, "pages");
    CHECK_EQ(class, PAGE_CLASS_4K, "class");
    CHECK_EQ(cache, CACHE_WRITE_BACK, "ordinary memory");
    CHECK_OK(frame_info(large, &base, &pages, &class, &cache));
    CHECK_EQ(base % MIB(2), 0, "aligned");
    CHECK_EQ(pages, 2, "pages");
    CHECK_EQ(class, PAGE_CLASS_2M, "class");
}

TEST(set_cache_is_for_devices_that_are_not_mapped)
{
    cap_addr_t device = device_untyped();
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K));
    cap_addr_t registers = make_from(device, OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K));
    uint64_t base;
    uint32_t pages, class, cache = 9;
    uint32_t done = 0;

    EXPECT(FRAME, SET_CACHE, WRONG_TYPE, frame_set_cache(frame, CACHE_UNCACHED));
    for (uint32_t type = 0; type < 4; type++) {
        CHECK_OK(frame_set_cache(registers, type));
        CHECK_OK(frame_info(registers, &base, &pages, &class, &cache));
        CHECK_EQ(cache, type, "as it was set");
    }
    REQUIRE_OK(vspace_map(VSPACE, registers, 0, 1, PLACE, PROT_READ, &done));
    EXPECT(FRAME, SET_CACHE, BUSY, frame_set_cache(registers, CACHE_UNCACHED));
    CHECK_OK(frame_detach(registers));
    CHECK_OK(frame_set_cache(registers, CACHE_UNCACHED));
    CHECK_OK(frame_detach(registers));
    delete (registers);
}

TEST(add_tables_attaches_a_run_once)
{
    cap_addr_t space = make(OBJECT_VSPACE, 0);
    cap_addr_t tables = make(OBJECT_PAGE_TABLE, 4);
    uint32_t total = 0, free = 0;

    CHECK_OK(page_table_info(tables, &total, &free));
    CHECK_EQ(total, 4, "tables in the run");
    CHECK_EQ(free, 4, "all free");
    REQUIRE_OK(vspace_add_tables(space, tables));
    EXPECT(VSPACE, ADD_TABLES, BUSY, vspace_add_tables(space, tables));
    EXPECT(VSPACE, ADD_TABLES, BUSY, vspace_add_tables(VSPACE, tables));
    CHECK_OK(page_table_info(tables, &total, &free));
    CHECK_EQ(free, 4, "none is used yet");
    CHECK(identify(TABLE, tables).flags & IDENTIFY_ATTACHED, "it says that it is attached");
}

TEST(map_refuses)
{
    cap_addr_t space = make(OBJECT_VSPACE, 0);
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(4, PAGE_CLASS_4K));
    cap_addr_t large = make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_2M));
    cap_addr_t readable = copy_of(frame, RIGHT_READ);
    uint32_t done = 77;

    EXPECT(VSPACE, MAP, NO_MEMORY, vspace_map(space, frame, 0, 1, PLACE, READ_WRITE, &done));
    REQUIRE_OK(vspace_add_tables(space, make(OBJECT_PAGE_TABLE, 2)));
    EXPECT(VSPACE, MAP, NO_MEMORY, vspace_map(space, frame, 0, 1, PLACE, READ_WRITE, &done));
    REQUIRE_OK(vspace_add_tables(space, make(OBJECT_PAGE_TABLE, 8)));
    EXPECT(VSPACE, MAP, RANGE, vspace_map(space, frame, 4, 1, PLACE, READ_WRITE, &done));
    EXPECT(VSPACE, MAP, RANGE, vspace_map(space, frame, 0, 5, PLACE, READ_WRITE, &done));
    EXPECT(VSPACE, MAP, RANGE, vspace_map(space, frame, 0xffffffff, 2, PLACE, PROT_READ, &done));
    EXPECT(VSPACE, MAP, RANGE, vspace_map(space, frame, 0, 1, PLACE + 1, READ_WRITE, &done));
    EXPECT(VSPACE, MAP, RANGE, vspace_map(space, frame, 0, 1, PLACE + 2048, READ_WRITE, &done));
    EXPECT(VSPACE, MAP, RANGE, vspace_map(space, large, 0, 1, PLACE + 4096, READ_WRITE, &done));
    EXPECT(VSPACE, MAP, RANGE, vspace_map(space, frame, 0, 1, 0, READ_WRITE, &done));
    EXPECT(VSPACE, MAP, RANGE, vspace_map(space, frame, 0, 1, 0x7ffffffff000, PROT_READ, &done));
    EXPECT(VSPACE, MAP, RANGE, vspace_map(space, frame, 0, 2, 0x7fffffffe000, PROT_READ, &done));
    EXPECT(VSPACE, MAP, RANGE, vspace_map(space, frame, 0, 1, 0x800000000000, PROT_READ, &done));
    EXPECT(VSPACE, MAP, RANGE,
           vspace_map(space, frame, 0, 1, 0xffff800000000000, PROT_READ, &done));
    EXPECT(VSPACE, MAP, RANGE,
           vspace_map(space, frame, 0, 1, 0xfffffffffffff000, PROT_READ, &done));
    EXPECT(VSPACE, MAP, NO_RIGHT,
           vspace_map(space, frame, 0, 1, PLACE, PROT_WRITE | PROT_EXEC, &done));
    EXPECT(VSPACE, MAP, NO_RIGHT, vspace_map(space, readable, 0, 1, PLACE, READ_WRITE, &done));
    EXPECT(VSPACE, MAP, NO_RIGHT,
           vspace_map(space, readable, 0, 1, PLACE, PROT_READ | PROT_EXEC, &done));
    REQUIRE_OK(vspace_map(space, frame, 1, 1, PLACE, READ_WRITE, &done));
    EXPECT(VSPACE, MAP, ALREADY_MAPPED, vspace_map(space, frame, 0, 1, PLACE, PROT_READ, &done));
    EXPECT(VSPACE, MAP, ALREADY_MAPPED, vspace_map(space, large, 0, 1, PLACE, PROT_READ, &done));
    EXPECT(VSPACE, MAP, BUSY, vspace_map(VSPACE, frame, 0, 1, PLACE, PROT_READ, &done));
    CHECK_OK(vspace_map(space, frame, 0, 1, 0x7fffffffe000, PROT_READ, &done));
    CHECK_OK(vspace_map(space, frame, 0, 1, 0x1000, PROT_READ, &done));
}

TEST(unmap_protect_and_harvest_refuse)
{
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(4, PAGE_CLASS_4K));
    cap_addr_t readable = copy_of(frame, RIGHT_READ);
    uint64_t accessed, dirty;
    uint32_t done = 0;

    map_at(frame, PLACE, 2, READ_WRITE);
    map_at(readable, PLACE + MIB(1), 2, PROT_READ);
    EXPECT(VSPACE, UNMAP, RANGE, vspace_unmap(VSPACE, PLACE + 8, 1));
    EXPECT(VSPACE, UNMAP, RANGE, vspace_unmap(VSPACE, 0x7fffffffe000, 2));
    EXPECT(VSPACE, UNMAP, RANGE, vspace_unmap(VSPACE, 0, 1));
    EXPECT(VSPACE, UNMAP, RANGE, vspace_unmap(VSPACE, 0xffff800000000000, 1));
    EXPECT(VSPACE, HARVEST, RANGE, vspace_harvest(VSPACE, PLACE + 8, 1, &accessed, &dirty));
    EXPECT(VSPACE, HARVEST, RANGE, vspace_harvest(VSPACE, 0x7fffffffe000, 2, &accessed, &dirty));
    EXPECT(VSPACE, PROTECT, RANGE, vspace_protect(VSPACE, PLACE + 8, 1, PROT_READ, &done));
    EXPECT(VSPACE, PROTECT, RANGE, vspace_protect(VSPACE, 0x7fffffffe000, 2, PROT_READ, &done));
    EXPECT(VSPACE, PROTECT, NOT_MAPPED,
           vspace_protect(VSPACE, PLACE + MIB(2), 1, PROT_READ, &done));
    EXPECT(VSPACE, PROTECT, NOT_MAPPED,
           vspace_protect(VSPACE, PLACE + 2 * PAGE_BYTES, 1, PROT_READ, &done));
    EXPECT(VSPACE, PROTECT, NO_RIGHT,
           vspace_protect(VSPACE, PLACE, 1, PROT_WRITE | PROT_EXEC, &done));
    EXPECT(VSPACE, PROTECT, NO_RIGHT, vspace_protect(VSPACE, PLACE + MIB(1), 1, READ_WRITE, &done));
    CHECK_OK(vspace_protect(VSPACE, PLACE, 4, PROT_READ, &done));
    CHECK_EQ(done, 2, "as far as there are pages");
    CHECK_OK(vspace_unmap(VSPACE, PLACE + MIB(2), 64));
}

TEST(share_refuses)
{
    cap_addr_t space = make(OBJECT_VSPACE, 0);
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(4, PAGE_CLASS_4K));
    cap_addr_t there = copy_of(frame, RIGHTS_ALL);
    cap_addr_t blind = copy_of(frame, RIGHT_WRITE);
    uint32_t done = 0, shared = 0;

    map_at(frame, PLACE, 4, READ_WRITE);
    EXPECT(VSPACE, SHARE, RANGE,
           vspace_share(space, VSPACE, PLACE + 8, there, PLACE, 1, &done, &shared));
    EXPECT(VSPACE, SHARE, RANGE,
           vspace_share(space, VSPACE, PLACE, there, PLACE + 8, 1, &done, &shared));
    EXPECT(VSPACE, SHARE, RANGE,
           vspace_share(space, VSPACE, 0x7fffffffe000, there, PLACE, 2, &done, &shared));
    EXPECT(VSPACE, SHARE, RANGE,
           vspace_share(space, VSPACE, PLACE, there, 0x7fffffffe000, 2, &done, &shared));
    EXPECT(VSPACE, SHARE, BUSY,
           vspace_share(space, VSPACE, PLACE, frame, PLACE, 1, &done, &shared));
    EXPECT(VSPACE, SHARE, NO_RIGHT,
           vspace_share(space, VSPACE, PLACE, blind, PLACE, 1, &done, &shared));
    EXPECT(VSPACE, SHARE, NO_MEMORY,
           vspace_share(space, VSPACE, PLACE, there, PLACE, 1, &done, &shared));
    REQUIRE_OK(vspace_add_tables(space, make(OBJECT_PAGE_TABLE, 8)));
    CHECK_OK(vspace_share(space, VSPACE, PLACE, there, PLACE, 1, &done, &shared));
    EXPECT(VSPACE, SHARE, ALREADY_MAPPED,
           vspace_share(space, VSPACE, PLACE, there, PLACE, 1, &done, &shared));
}
