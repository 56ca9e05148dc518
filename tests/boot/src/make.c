/* SPDX-License-Identifier: MIT */
/* Slots and memory of tests. One untyped is the test's; revoking it takes back all that was made. */
#include "boot_test/make.h"

#include "boot_test/test.h"
#include "pith/kernel_calls.h"
#include "runner.h"

#define RUNNER_TABLES 16u
#define SLOT_UNTYPED 96u /* of the tests */
#define SLOT_TABLES 97u
#define SLOT_FIRST 128u

static cap_addr_t next_slot = SLOT_FIRST;

static const struct boot_info *boot_info(void)
{
    return (const struct boot_info *)BOOT_INFO_ADDR;
}

cap_addr_t untyped_largest(void)
{
    const struct boot_info *info = boot_info();
    const struct boot_untyped *largest = NULL;

    for (uint32_t i = 0; i < info->untyped_count; i++) {
        const struct boot_untyped *untyped = &info->untyped[i];

        if (!untyped->device && (largest == NULL || untyped->size_bytes > largest->size_bytes)) {
            largest = untyped;
        }
    }
    REQUIRE(largest != NULL, "there is RAM");
    return largest->slot;
}

cap_addr_t test_untyped(void)
{
    return SLOT_UNTYPED;
}

void make_init(void)
{
    cap_addr_t ram = untyped_largest();

    REQUIRE_OK(untyped_retype(ram, OBJECT_UNTYPED, TEST_BYTES, 1, TABLE, SLOT_UNTYPED));
    REQUIRE_OK(untyped_retype(ram, OBJECT_PAGE_TABLE, RUNNER_TABLES, 1, TABLE, SLOT_TABLES));
    REQUIRE_OK(vspace_add_tables(VSPACE, SLOT_TABLES));
}

cap_addr_t slots_next(uint32_t count)
{
    cap_addr_t first = next_slot;

    REQUIRE(count <= boot_info()->table_slots - next_slot, "slots are left in the root table");
    next_slot += count;
    return first;
}

cap_addr_t make_from(cap_addr_t untyped, uint32_t type, uint64_t size)
{
    cap_addr_t slot = slot_next();

    REQUIRE_OK(untyped_retype(untyped, type, size, 1, TABLE, slot));
    return slot;
}

void make_many(cap_addr_t untyped, uint32_t type, uint64_t size, uint32_t count, cap_addr_t first)
{
    while (count != 0) {
        uint32_t some = count < RETYPE_MAX ? count : RETYPE_MAX;

        REQUIRE_OK(untyped_retype(untyped, type, size, some, TABLE, first));
        first += some;
        count -= some;
    }
}

cap_addr_t make_row(uint32_t type, uint64_t size, uint32_t count)
{
    cap_addr_t first = slots_next(count);

    make_many(test_untyped(), type, size, count, first);
    return first;
}

cap_addr_t copy_of(cap_addr_t source, uint32_t rights)
{
    cap_addr_t slot = slot_next();

    REQUIRE_OK(cap_table_copy(TABLE, slot, TABLE, source, rights));
    return slot;
}

cap_addr_t mint_of(cap_addr_t source, uint32_t rights, uint64_t badge)
{
    cap_addr_t slot = slot_next();

    REQUIRE_OK(cap_table_mint(TABLE, slot, TABLE, source, rights, badge));
    return slot;
}

void delete (cap_addr_t slot)
{
    CHECK_OK(cap_table_delete(TABLE, slot));
}

void map_at(cap_addr_t frame, user_addr_t at, uint32_t pages, uint32_t prot)
{
    uint32_t first = 0;

    while (first < pages) {
        uint32_t done = 0;

        REQUIRE_OK(
            vspace_map(VSPACE, frame, first, pages - first, at + first * PAGE_BYTES, prot, &done));
        REQUIRE(done > 0, "map makes progress");
        first += done;
    }
}

uint64_t used_bytes(cap_addr_t untyped)
{
    uint64_t base = 0;
    uint64_t size = 0;
    uint64_t used = 0;
    uint32_t device = 0;

    CHECK_OK(untyped_info(untyped, &base, &size, &used, &device));
    return used;
}

static bool slot_is_empty(cap_addr_t slot)
{
    uint32_t type = 0, rights, depth, flags;
    uint64_t badge, size, detail;

    CHECK_OK(
        cap_table_identify(TABLE, slot, &type, &rights, &badge, &depth, &flags, &size, &detail));
    return type == OBJECT_NONE;
}

void make_clean(void)
{
    CHECK_OK(cap_table_revoke(TABLE, SLOT_UNTYPED));
    CHECK_EQ(used_bytes(SLOT_UNTYPED), 0, "all memory of the test is free again");
    for (cap_addr_t slot = SLOT_FIRST; slot < next_slot; slot++) {
        if (!slot_is_empty(slot)) {
            CHECK_OK(cap_table_delete(TABLE, slot));
        }
    }
    next_slot = SLOT_FIRST;
}

void counts_take(struct counts *counts)
{
    const struct boot_info *info = boot_info();

    counts->used = 0;
    for (uint32_t i = 0; i < info->untyped_count; i++) {
        counts->used += used_bytes(info->untyped[i].slot);
    }
    CHECK_OK(
        machine_count(MACHINE, &counts->objects, &counts->caps, &counts->edges, &counts->hash));
}
