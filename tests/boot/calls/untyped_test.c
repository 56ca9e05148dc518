/* SPDX-License-Identifier: MIT */
/* untyped.retype and untyped.info. */
#include "boot_test/errors.h"
#include "boot_test/make.h"
#include "boot_test/special.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "pith/kernel_calls.h"

struct info {
    uint64_t base, size, used;
    uint32_t device;
};

static struct info info_of(cap_addr_t untyped)
{
    struct info info = { 0 };

    CHECK_OK(untyped_info(untyped, &info.base, &info.size, &info.used, &info.device));
    return info;
}

TEST(untyped_info_tells_base_size_and_use)
{
    cap_addr_t untyped = make(OBJECT_UNTYPED, KIB(64));
    struct info empty = info_of(untyped);

    CHECK_EQ(empty.size, KIB(64), "size as asked for");
    CHECK_EQ(empty.used, 0, "nothing is used");
    CHECK_EQ(empty.device, 0, "this is RAM");
    cap_addr_t first = make_from(untyped, OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K));
    struct info used = info_of(untyped);

    CHECK_EQ(used.used, PAGE_BYTES, "a frame of one page takes a page");
    CHECK_EQ(used.base, empty.base, "the base does not change");
    cap_addr_t second = make_from(untyped, OBJECT_FRAME, FRAME_SIZE(2, PAGE_CLASS_4K));

    CHECK_EQ(info_of(untyped).used, 3 * PAGE_BYTES, "and one of two pages two more");
    delete (first);
    CHECK_EQ(info_of(untyped).used, 3 * PAGE_BYTES, "use stays while anything is left");
    delete (second);
    CHECK_EQ(info_of(untyped).used, 0, "and falls to 0 with the last");
}

TEST(retype_makes_each_type_with_its_rights)
{
    static const struct {
        uint32_t type;
        uint64_t size;
        uint64_t identify_size;
        uint32_t rights;
    } cases[] = {
        { OBJECT_UNTYPED, KIB(8), KIB(8), RIGHT_MANAGE },
        { OBJECT_FRAME, FRAME_SIZE(3, PAGE_CLASS_4K), KIB(12),
          RIGHT_READ | RIGHT_WRITE | RIGHT_EXEC | RIGHT_MANAGE },
        { OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_2M), MIB(2),
          RIGHT_READ | RIGHT_WRITE | RIGHT_EXEC | RIGHT_MANAGE },
        { OBJECT_PAGE_TABLE, 3, KIB(12), RIGHT_MANAGE },
        { OBJECT_VSPACE, 0, 0, RIGHT_MANAGE },
        { OBJECT_CAP_TABLE, 4, 16, RIGHT_MANAGE },
        { OBJECT_CAP_TABLE, 9, 512, RIGHT_MANAGE },
        { OBJECT_THREAD, THREAD_SIZE_FPU(15), 0, RIGHT_MANAGE | RIGHT_LEND },
        { OBJECT_SCHED_CONTEXT, 0, 0, RIGHT_MANAGE },
        { OBJECT_ENDPOINT, 15, 0, RIGHT_CALL | RIGHT_RECEIVE | RIGHT_GRANT | RIGHT_MANAGE },
        { OBJECT_REPLY, 0, 0, RIGHT_MANAGE },
        { OBJECT_NOTIFICATION, 7, 0, RIGHT_SIGNAL | RIGHT_WAIT | RIGHT_MANAGE },
        { OBJECT_TIMER, 0, 0, RIGHT_MANAGE },
        { OBJECT_IRQ, 0, 0, RIGHT_MANAGE },
        { OBJECT_IO_PORT, 0, 0, RIGHT_READ | RIGHT_WRITE | RIGHT_MANAGE },
        { OBJECT_IO_SPACE, 0, 0, RIGHT_WRITE | RIGHT_MANAGE },
    };

    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cap_addr_t first = make_row(cases[i].type, cases[i].size, 2);

        for (cap_addr_t slot = first; slot < first + 2; slot++) {
            struct identity id = identify(TABLE, slot);

            CHECK_EQ(id.type, cases[i].type, "type");
            CHECK_EQ(id.rights, cases[i].rights, "all rights of its type");
            CHECK_EQ(id.size, cases[i].identify_size, "size");
            CHECK_EQ(id.flags, IDENTIFY_ORIGINAL, "an original, nothing else");
            CHECK_EQ(id.depth, identify(TABLE, test_untyped()).depth + 1, "below the untyped");
        }
        delete (first + 1);
        CHECK_EQ(identify(TABLE, first).type, cases[i].type, "its neighbour stays");
    }
}

TEST(retype_makes_16_at_once)
{
    cap_addr_t first = slots_next(RETYPE_MAX);

    REQUIRE_OK(untyped_retype(test_untyped(), OBJECT_NOTIFICATION, 0, RETYPE_MAX, TABLE, first));
    for (uint32_t i = 0; i < RETYPE_MAX; i++) {
        CHECK_EQ(identify(TABLE, first + i).type, OBJECT_NOTIFICATION, "each slot is filled");
    }
}

TEST(retype_refuses_impossible_sizes)
{
    static const struct {
        uint32_t type;
        uint64_t size;
    } cases[] = {
        { OBJECT_UNTYPED, 0 },
        { OBJECT_UNTYPED, 4097 },
        { OBJECT_UNTYPED, ~0ull },
        { OBJECT_UNTYPED, 1ull << 63 },
        { OBJECT_FRAME, FRAME_SIZE(0, PAGE_CLASS_4K) },
        { OBJECT_FRAME, FRAME_SIZE(1, 3) },
        { OBJECT_FRAME, ~0ull << 8 },
        { OBJECT_PAGE_TABLE, 0 },
        { OBJECT_PAGE_TABLE, 1ull << 60 },
        { OBJECT_CAP_TABLE, 3 },
        { OBJECT_CAP_TABLE, 17 },
        { OBJECT_CAP_TABLE, 1ull << 32 | 5 },
        { OBJECT_THREAD, 16 },
        { OBJECT_THREAD, 0x200 },
        { OBJECT_THREAD, 1ull << 32 },
        { OBJECT_ENDPOINT, 16 },
        { OBJECT_NOTIFICATION, 16 },
        { OBJECT_VSPACE, 1 },
        { OBJECT_SCHED_CONTEXT, 1 },
        { OBJECT_REPLY, 1 },
        { OBJECT_TIMER, 1 },
        { OBJECT_IRQ, 1 },
        { OBJECT_IO_PORT, 1 },
        { OBJECT_MACHINE, 0 },
        { OBJECT_IO_SPACE, 1 },
    };
    cap_addr_t slot = slot_next();

    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        err_t err = untyped_retype(test_untyped(), cases[i].type, cases[i].size, 1, TABLE, slot);

        if (!CHECK_EQ(err, ERR_RANGE, "an impossible size")) {
            test_note("type %u size 0x%lx", cases[i].type, cases[i].size);
        }
    }
    CHECK_EQ(used_bytes(test_untyped()), 0, "nothing was used");
}

TEST(retype_refuses_slots_outside_or_taken)
{
    cap_addr_t table = make(OBJECT_CAP_TABLE, 4);
    cap_addr_t untyped = make(OBJECT_UNTYPED, KIB(64));

    EXPECT(UNTYPED, RETYPE, RANGE, untyped_retype(untyped, OBJECT_REPLY, 0, 1, table, 16));
    EXPECT(UNTYPED, RETYPE, RANGE, untyped_retype(untyped, OBJECT_REPLY, 0, 2, table, 15));
    EXPECT(UNTYPED, RETYPE, RANGE, untyped_retype(untyped, OBJECT_REPLY, 0, 1, table, 0));
    EXPECT(UNTYPED, RETYPE, RANGE, untyped_retype(untyped, OBJECT_REPLY, 0, 2, table, 0xffffffff));
    REQUIRE_OK(untyped_retype(untyped, OBJECT_REPLY, 0, 1, table, 7));
    uint64_t used = used_bytes(untyped);

    EXPECT(UNTYPED, RETYPE, SLOT_TAKEN, untyped_retype(untyped, OBJECT_REPLY, 0, 3, table, 5));
    EXPECT(UNTYPED, RETYPE, SLOT_TAKEN, untyped_retype(untyped, OBJECT_REPLY, 0, 1, table, 7));
    CHECK_EQ(identify(table, 5).type, OBJECT_NONE, "all or nothing");
    CHECK_EQ(used_bytes(untyped), used, "and nothing is used");
    CHECK_OK(untyped_retype(untyped, OBJECT_REPLY, 0, 6, table, 1));
    CHECK_OK(untyped_retype(untyped, OBJECT_REPLY, 0, 8, table, 8));
}

TEST(retype_stops_where_memory_ends)
{
    cap_addr_t untyped = make(OBJECT_UNTYPED, KIB(16));
    cap_addr_t slot = slots_next(8);

    EXPECT(UNTYPED, RETYPE, NO_MEMORY,
           untyped_retype(untyped, OBJECT_FRAME, FRAME_SIZE(5, 0), 1, TABLE, slot));
    EXPECT(UNTYPED, RETYPE, NO_MEMORY,
           untyped_retype(untyped, OBJECT_FRAME, FRAME_SIZE(1, 0), 5, TABLE, slot));
    EXPECT(UNTYPED, RETYPE, NO_MEMORY,
           untyped_retype(untyped, OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_2M), 1, TABLE, slot));
    EXPECT(UNTYPED, RETYPE, NO_MEMORY,
           untyped_retype(untyped, OBJECT_FRAME, FRAME_SIZE(0xffffffff, PAGE_CLASS_1G), 16, TABLE,
                          slots_next(16)));
    CHECK_EQ(used_bytes(untyped), 0, "nothing is used");
    REQUIRE_OK(untyped_retype(untyped, OBJECT_REPLY, 0, 1, TABLE, slot));
    EXPECT(UNTYPED, RETYPE, NO_MEMORY,
           untyped_retype(untyped, OBJECT_FRAME, FRAME_SIZE(1, 0), 4, TABLE, slot + 1));
    CHECK_OK(untyped_retype(untyped, OBJECT_FRAME, FRAME_SIZE(1, 0), 3, TABLE, slot + 1));
    EXPECT(UNTYPED, RETYPE, NO_MEMORY,
           untyped_retype(untyped, OBJECT_REPLY, 0, 1, TABLE, slot + 4));
}

TEST(retype_goes_63_steps_deep)
{
    cap_addr_t untyped = make(OBJECT_UNTYPED, KIB(512));
    uint64_t size = KIB(512);

    while (identify(TABLE, untyped).depth < 63) {
        size -= PAGE_BYTES;
        untyped = make_from(untyped, OBJECT_UNTYPED, size);
    }
    EXPECT(UNTYPED, RETYPE, TOO_DEEP,
           untyped_retype(untyped, OBJECT_REPLY, 0, 1, TABLE, slot_next()));
    CHECK_EQ(used_bytes(untyped), 0, "nothing is used");
}

TEST(retype_waits_for_the_end_of_a_revocation)
{
    cap_addr_t parent = make(OBJECT_UNTYPED, KIB(256));
    struct worker *revoker = freeze(parent);
    cap_addr_t slot = slot_next();

    EXPECT(UNTYPED, RETYPE, BUSY, untyped_retype(parent, OBJECT_REPLY, 0, 1, TABLE, slot));
    thaw(revoker);
    CHECK_OK(untyped_retype(parent, OBJECT_REPLY, 0, 1, TABLE, slot));
}

TEST(retype_into_another_table)
{
    cap_addr_t table = make(OBJECT_CAP_TABLE, 5);

    REQUIRE_OK(untyped_retype(test_untyped(), OBJECT_NOTIFICATION, 3, 16, table, 1));
    REQUIRE_OK(untyped_retype(test_untyped(), OBJECT_NOTIFICATION, 3, 15, table, 17));
    CHECK_EQ(identify(table, 31).type, OBJECT_NOTIFICATION, "the last slot is filled");
    CHECK_EQ(identify(table, 31).detail, 3, "with the rank asked for");
    CHECK_EQ(identify(table, 31).size, 0, "other objects have no size");
}

TEST(retype_of_devices_makes_frames_and_untyped_only)
{
    const struct boot_info *boot = (const struct boot_info *)BOOT_INFO_ADDR;
    cap_addr_t device = 0;

    for (uint32_t i = 0; i < boot->untyped_count; i++) {
        if (boot->untyped[i].device && boot->untyped[i].size_bytes >= KIB(64)) {
            device = boot->untyped[i].slot;
        }
    }
    REQUIRE(device != 0, "there is device memory");
    struct info info = info_of(device);

    CHECK_EQ(info.device, 1, "it says so");
    for (uint32_t type = OBJECT_UNTYPED; type <= OBJECT_IO_SPACE; type++) {
        uint64_t size = type == OBJECT_CAP_TABLE ? 4 : type == OBJECT_PAGE_TABLE ? 1 : 0;

        if (type != OBJECT_UNTYPED && type != OBJECT_FRAME) {
            EXPECT(UNTYPED, RETYPE, RANGE,
                   untyped_retype(device, type, size, 1, TABLE, slot_next()));
        }
    }
    cap_addr_t frame = make_from(device, OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K));
    cap_addr_t untyped = make_from(device, OBJECT_UNTYPED, KIB(8));
    uint64_t base = 0;
    uint32_t pages, class, cache = 9;

    CHECK_OK(frame_info(frame, &base, &pages, &class, &cache));
    CHECK_EQ(base, info.base, "the frame begins where the device memory does");
    CHECK_EQ(cache, CACHE_UNCACHED, "devices are not cached unless asked for");
    CHECK_EQ(info_of(untyped).device, 1, "untyped memory of a device is device memory");
    EXPECT(UNTYPED, RETYPE, RANGE, untyped_retype(untyped, OBJECT_REPLY, 0, 1, TABLE, slot_next()));
}
