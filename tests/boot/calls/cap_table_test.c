/* SPDX-License-Identifier: MIT */
/* The methods of capability tables. */
#include "boot_test/errors.h"
#include "boot_test/make.h"
#include "boot_test/special.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "pith/kernel_calls.h"

TEST(copy_has_at_most_the_rights_of_its_source)
{
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 4);
    cap_addr_t full = copy_of(endpoint, RIGHTS_ALL);
    cap_addr_t call = copy_of(full, RIGHT_CALL | RIGHT_READ);
    cap_addr_t again = copy_of(call, RIGHTS_ALL);

    CHECK_EQ(identify(TABLE, full).rights, identify(TABLE, endpoint).rights, "all of them");
    CHECK_EQ(identify(TABLE, call).rights, RIGHT_CALL, "those asked for that the source has");
    CHECK_EQ(identify(TABLE, again).rights, RIGHT_CALL, "rights never come back");
    CHECK_EQ(identify(TABLE, again).depth, identify(TABLE, endpoint).depth + 3, "a step each");
    CHECK_EQ(identify(TABLE, endpoint).flags, IDENTIFY_ORIGINAL | IDENTIFY_PARENT, "flags");
    CHECK_EQ(identify(TABLE, again).flags, 0, "a copy is no original");
    CHECK_EQ(identify(TABLE, call).detail, 4, "the rank of the object");
}

TEST(copy_refuses)
{
    cap_addr_t table = make(OBJECT_CAP_TABLE, 4);
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 0);
    cap_addr_t reply = make(OBJECT_REPLY, 0);
    cap_addr_t slot = slot_next();

    EXPECT(CAP_TABLE, COPY, BAD_CAP, cap_table_copy(table, 1, table, 5, RIGHTS_ALL));
    EXPECT(CAP_TABLE, COPY, RANGE, cap_table_copy(table, 16, TABLE, endpoint, RIGHTS_ALL));
    EXPECT(CAP_TABLE, COPY, RANGE, cap_table_copy(table, 0, TABLE, endpoint, RIGHTS_ALL));
    EXPECT(CAP_TABLE, COPY, RANGE, cap_table_copy(TABLE, slot, table, 16, RIGHTS_ALL));
    EXPECT(CAP_TABLE, COPY, RANGE, cap_table_copy(TABLE, slot, table, 0, RIGHTS_ALL));
    EXPECT(CAP_TABLE, COPY, SLOT_TAKEN, cap_table_copy(TABLE, reply, TABLE, endpoint, RIGHTS_ALL));
    EXPECT(CAP_TABLE, COPY, SLOT_TAKEN,
           cap_table_copy(TABLE, endpoint, TABLE, endpoint, RIGHTS_ALL));
    EXPECT(CAP_TABLE, COPY, WRONG_TYPE, cap_table_copy(TABLE, slot, TABLE, reply, RIGHTS_ALL));
    EXPECT(CAP_TABLE, COPY, WRONG_TYPE,
           cap_table_copy(TABLE, slot, TABLE, test_untyped(), RIGHTS_ALL));
    EXPECT(CAP_TABLE, COPY, WRONG_TYPE,
           cap_table_copy(TABLE, slot, TABLE, make(OBJECT_PAGE_TABLE, 1), RIGHTS_ALL));
    EXPECT(CAP_TABLE, COPY, TOO_DEEP,
           cap_table_copy(TABLE, slot, TABLE, deepest_copy(endpoint), RIGHTS_ALL));
    CHECK_EQ(identify(TABLE, slot).type, OBJECT_NONE, "nothing was made");
    CHECK_OK(cap_table_copy(table, 15, TABLE, endpoint, RIGHTS_ALL));
}

TEST(mint_gives_a_badge_once)
{
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 0);
    cap_addr_t notification = make(OBJECT_NOTIFICATION, 0);
    cap_addr_t slot = slot_next();
    cap_addr_t badged = mint_of(endpoint, RIGHT_CALL, 0xfedcba9876543210ull);
    cap_addr_t bits = mint_of(notification, RIGHT_SIGNAL, 1ull << 63);

    CHECK_EQ(identify(TABLE, badged).badge, 0xfedcba9876543210ull, "64 bits of badge");
    CHECK_EQ(identify(TABLE, badged).rights, RIGHT_CALL, "rights as in a copy");
    CHECK_EQ(identify(TABLE, bits).badge, 1ull << 63, "notifications too");
    CHECK_EQ(identify(TABLE, copy_of(badged, RIGHTS_ALL)).badge, 0xfedcba9876543210ull,
             "a copy keeps the badge");
    EXPECT(CAP_TABLE, MINT, NO_RIGHT, cap_table_mint(TABLE, slot, TABLE, badged, RIGHTS_ALL, 7));
    EXPECT(CAP_TABLE, MINT, NO_RIGHT, cap_table_mint(TABLE, slot, TABLE, badged, RIGHTS_ALL, 0));
    cap_addr_t unbadged = mint_of(endpoint, RIGHTS_ALL, 0);

    CHECK_OK(cap_table_mint(TABLE, slot, TABLE, unbadged, RIGHTS_ALL, 9));
}

TEST(mint_refuses)
{
    cap_addr_t table = make(OBJECT_CAP_TABLE, 4);
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 0);
    cap_addr_t timer = make(OBJECT_TIMER, 0);
    cap_addr_t slot = slot_next();

    EXPECT(CAP_TABLE, MINT, BAD_CAP, cap_table_mint(table, 1, table, 5, RIGHTS_ALL, 1));
    EXPECT(CAP_TABLE, MINT, RANGE, cap_table_mint(table, 16, TABLE, endpoint, RIGHTS_ALL, 1));
    EXPECT(CAP_TABLE, MINT, RANGE, cap_table_mint(TABLE, slot, table, 16, RIGHTS_ALL, 1));
    EXPECT(CAP_TABLE, MINT, SLOT_TAKEN,
           cap_table_mint(TABLE, timer, TABLE, endpoint, RIGHTS_ALL, 1));
    EXPECT(CAP_TABLE, MINT, WRONG_TYPE, cap_table_mint(TABLE, slot, TABLE, timer, RIGHTS_ALL, 1));
    EXPECT(CAP_TABLE, MINT, WRONG_TYPE,
           cap_table_mint(TABLE, slot, TABLE, test_untyped(), RIGHTS_ALL, 1));
    EXPECT(CAP_TABLE, MINT, TOO_DEEP,
           cap_table_mint(TABLE, slot, TABLE, deepest_copy(endpoint), RIGHTS_ALL, 1));
}

TEST(mint_pages_names_some_pages_of_its_source)
{
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(8, PAGE_CLASS_4K));
    cap_addr_t some = slots_next(2);
    cap_addr_t fewer = some + 1;
    uint64_t base = 0, base_some = 0, base_fewer = 0;
    uint32_t pages = 0, class, cache;

    REQUIRE_OK(cap_table_mint_pages(TABLE, some, TABLE, frame, RIGHT_READ, 2, 5));
    REQUIRE_OK(cap_table_mint_pages(TABLE, fewer, TABLE, some, RIGHTS_ALL, 4, 1));
    CHECK_EQ(identify(TABLE, some).rights, RIGHT_READ, "rights as in a copy");
    CHECK_EQ(identify(TABLE, fewer).rights, RIGHT_READ, "which never come back");
    CHECK_EQ(identify(TABLE, fewer).depth, identify(TABLE, frame).depth + 2, "a step each");
    CHECK_OK(frame_info(frame, &base, &pages, &class, &cache));
    CHECK_OK(frame_info(some, &base_some, &pages, &class, &cache));
    CHECK_EQ(pages, 5, "so many pages");
    CHECK_EQ(base_some, base + 2 * PAGE_BYTES, "from that one on");
    CHECK_OK(frame_info(fewer, &base_fewer, &pages, &class, &cache));
    CHECK_EQ(pages, 1, "one of those");
    CHECK_EQ(base_fewer, base + 6 * PAGE_BYTES, "counted from the first of its source");
    CHECK_OK(cap_table_revoke(TABLE, frame));
    CHECK_EQ(identify(TABLE, fewer).type, OBJECT_NONE, "they hang below their source");
}

TEST(mint_pages_refuses)
{
    cap_addr_t table = make(OBJECT_CAP_TABLE, 4);
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(4, PAGE_CLASS_4K));
    cap_addr_t some = slots_next(2);
    cap_addr_t slot = some + 1;
    uint32_t all = RIGHTS_ALL;

    EXPECT(CAP_TABLE, MINT_PAGES, BAD_CAP, cap_table_mint_pages(table, 1, table, 5, all, 0, 1));
    EXPECT(CAP_TABLE, MINT_PAGES, RANGE, cap_table_mint_pages(table, 16, TABLE, frame, all, 0, 1));
    EXPECT(CAP_TABLE, MINT_PAGES, RANGE, cap_table_mint_pages(TABLE, slot, table, 0, all, 0, 1));
    EXPECT(CAP_TABLE, MINT_PAGES, RANGE,
           cap_table_mint_pages(TABLE, slot, TABLE, frame, all, 0, 0));
    EXPECT(CAP_TABLE, MINT_PAGES, RANGE,
           cap_table_mint_pages(TABLE, slot, TABLE, frame, all, 0, 5));
    EXPECT(CAP_TABLE, MINT_PAGES, RANGE,
           cap_table_mint_pages(TABLE, slot, TABLE, frame, all, 4, 1));
    EXPECT(CAP_TABLE, MINT_PAGES, RANGE,
           cap_table_mint_pages(TABLE, slot, TABLE, frame, all, UINT32_MAX, 2));
    EXPECT(CAP_TABLE, MINT_PAGES, RANGE,
           cap_table_mint_pages(TABLE, slot, TABLE, frame, all, 1, UINT32_MAX));
    REQUIRE_OK(cap_table_mint_pages(TABLE, some, TABLE, frame, all, 1, 2));
    EXPECT(CAP_TABLE, MINT_PAGES, RANGE, cap_table_mint_pages(TABLE, slot, TABLE, some, all, 1, 2));
    EXPECT(CAP_TABLE, MINT_PAGES, SLOT_TAKEN,
           cap_table_mint_pages(TABLE, some, TABLE, frame, all, 0, 1));
    EXPECT(CAP_TABLE, MINT_PAGES, WRONG_TYPE,
           cap_table_mint_pages(TABLE, slot, TABLE, test_untyped(), all, 0, 1));
    EXPECT(CAP_TABLE, MINT_PAGES, WRONG_TYPE,
           cap_table_mint_pages(TABLE, slot, TABLE, make(OBJECT_ENDPOINT, 0), all, 0, 1));
    EXPECT(CAP_TABLE, MINT_PAGES, TOO_DEEP,
           cap_table_mint_pages(TABLE, slot, TABLE, deepest_copy(frame), all, 0, 1));
    CHECK_EQ(identify(TABLE, slot).type, OBJECT_NONE, "nothing was made");
    struct worker *revoker = freeze(frame);

    EXPECT(CAP_TABLE, MINT_PAGES, BUSY, cap_table_mint_pages(TABLE, slot, TABLE, frame, all, 0, 1));
    thaw(revoker);
}

TEST(machine_capabilities_limit_priority_by_badge)
{
    cap_addr_t low = mint_of(MACHINE, RIGHTS_ALL, 20);
    cap_addr_t lower = mint_of(low, RIGHTS_ALL, 10);
    cap_addr_t context = make(OBJECT_SCHED_CONTEXT, 0);

    EXPECT(SCHED_CONTEXT, CONFIGURE, NO_RIGHT,
           sched_context_configure(context, low, 21, MS(1), MS(1), 0));
    CHECK_OK(sched_context_configure(context, low, 20, MS(1), MS(1), 0));
    REQUIRE_OK(sched_context_configure(context, MACHINE, 30, US(50), MS(1), 0));
    EXPECT(SCHED_CONTEXT, SET_SPARE, NO_RIGHT, sched_context_set_spare(context, low, 21));
    CHECK_OK(sched_context_set_spare(context, low, 20));
    EXPECT(SCHED_CONTEXT, CONFIGURE, NO_RIGHT,
           sched_context_configure(context, lower, 11, MS(1), MS(1), 0));
    CHECK_OK(sched_context_configure(context, lower, 10, MS(1), MS(1), 0));
    EXPECT(CAP_TABLE, MINT, NO_RIGHT,
           cap_table_mint(TABLE, slot_next(), TABLE, low, RIGHTS_ALL, 21));
}

TEST(move_keeps_the_place_in_the_tree)
{
    cap_addr_t table = make(OBJECT_CAP_TABLE, 4);
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 2);
    cap_addr_t copy = mint_of(endpoint, RIGHT_CALL, 5);
    uint32_t depth = identify(TABLE, copy).depth;

    REQUIRE_OK(cap_table_move(table, 3, TABLE, copy));
    struct identity moved = identify(table, 3);

    CHECK_EQ(identify(TABLE, copy).type, OBJECT_NONE, "the old slot is empty");
    CHECK_EQ(moved.type, OBJECT_ENDPOINT, "type");
    CHECK_EQ(moved.rights, RIGHT_CALL, "rights");
    CHECK_EQ(moved.badge, 5, "badge");
    CHECK_EQ(moved.depth, depth, "depth");
    CHECK_OK(cap_table_revoke(TABLE, endpoint));
    CHECK_EQ(identify(table, 3).type, OBJECT_NONE, "it still hangs below its source");
    cap_addr_t to = slot_next();

    CHECK_OK(cap_table_move(TABLE, to, TABLE, endpoint));
    CHECK_EQ(identify(TABLE, to).flags, IDENTIFY_ORIGINAL, "the original can be moved");
    cap_addr_t reply = make(OBJECT_REPLY, 0);

    CHECK_OK(cap_table_move(table, 4, TABLE, reply));
    CHECK_EQ(identify(table, 4).type, OBJECT_REPLY, "what cannot be copied can be moved");
}

TEST(move_refuses)
{
    cap_addr_t table = make(OBJECT_CAP_TABLE, 4);
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 2);
    cap_addr_t slot = slot_next();

    EXPECT(CAP_TABLE, MOVE, BAD_CAP, cap_table_move(table, 1, table, 5));
    EXPECT(CAP_TABLE, MOVE, RANGE, cap_table_move(table, 16, TABLE, endpoint));
    EXPECT(CAP_TABLE, MOVE, RANGE, cap_table_move(TABLE, slot, table, 16));
    EXPECT(CAP_TABLE, MOVE, SLOT_TAKEN, cap_table_move(TABLE, table, TABLE, endpoint));
    EXPECT(CAP_TABLE, MOVE, SLOT_TAKEN, cap_table_move(TABLE, endpoint, TABLE, endpoint));
    (void)copy_of(endpoint, RIGHTS_ALL);
    EXPECT(CAP_TABLE, MOVE, BUSY, cap_table_move(TABLE, slot, TABLE, endpoint));
}

TEST(nothing_is_derived_from_what_is_being_revoked)
{
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 2);
    cap_addr_t child = copy_of(endpoint, RIGHTS_ALL);
    struct worker *revoker = freeze(endpoint);
    cap_addr_t slot = slot_next();

    EXPECT(CAP_TABLE, COPY, BUSY, cap_table_copy(TABLE, slot, TABLE, endpoint, RIGHTS_ALL));
    EXPECT(CAP_TABLE, MINT, BUSY, cap_table_mint(TABLE, slot, TABLE, endpoint, RIGHTS_ALL, 1));
    EXPECT(CAP_TABLE, MOVE, BUSY, cap_table_move(TABLE, slot, TABLE, endpoint));
    if (identify(TABLE, child).type != OBJECT_NONE) {
        EXPECT(CAP_TABLE, COPY, BUSY, cap_table_copy(TABLE, slot, TABLE, child, RIGHTS_ALL));
        EXPECT(CAP_TABLE, MINT, BUSY, cap_table_mint(TABLE, slot, TABLE, child, RIGHTS_ALL, 1));
    }
    /* Somebody else finishes it; then the first finds it done. */
    CHECK_OK(cap_table_revoke(TABLE, endpoint));
    CHECK_EQ(identify(TABLE, endpoint).flags, IDENTIFY_ORIGINAL, "thawed");
    CHECK_OK(cap_table_copy(TABLE, slot, TABLE, endpoint, RIGHTS_ALL));
    thaw(revoker);
    CHECK_EQ(identify(TABLE, slot).type, OBJECT_NONE, "the first call goes on and revokes again");
}

TEST(delete_takes_what_was_derived)
{
    cap_addr_t endpoint = make(OBJECT_ENDPOINT, 2);
    cap_addr_t first = copy_of(endpoint, RIGHTS_ALL);
    cap_addr_t second = copy_of(first, RIGHTS_ALL);
    cap_addr_t other = copy_of(endpoint, RIGHTS_ALL);

    CHECK_OK(cap_table_delete(TABLE, first));
    CHECK_EQ(identify(TABLE, first).type, OBJECT_NONE, "it is gone");
    CHECK_EQ(identify(TABLE, second).type, OBJECT_NONE, "what was derived from it is gone");
    CHECK_EQ(identify(TABLE, other).type, OBJECT_ENDPOINT, "what was not stays");
    CHECK_OK(cap_table_revoke(TABLE, endpoint));
    CHECK_EQ(identify(TABLE, other).type, OBJECT_NONE, "revoke takes it");
    CHECK_EQ(identify(TABLE, endpoint).type, OBJECT_ENDPOINT, "revoke leaves the capability");
    CHECK_OK(cap_table_revoke(TABLE, endpoint));
    CHECK_OK(cap_table_delete(TABLE, endpoint));
    CHECK_EQ(used_bytes(test_untyped()), 0, "the object is destroyed with the original");
}

TEST(delete_revoke_and_identify_refuse)
{
    cap_addr_t table = make(OBJECT_CAP_TABLE, 4);

    EXPECT(CAP_TABLE, DELETE, BAD_CAP, cap_table_delete(table, 3));
    EXPECT(CAP_TABLE, DELETE, RANGE, cap_table_delete(table, 16));
    EXPECT(CAP_TABLE, DELETE, RANGE, cap_table_delete(table, 0));
    EXPECT(CAP_TABLE, REVOKE, BAD_CAP, cap_table_revoke(table, 3));
    EXPECT(CAP_TABLE, REVOKE, RANGE, cap_table_revoke(table, 16));
    EXPECT(CAP_TABLE, REVOKE, RANGE, cap_table_revoke(table, 0));
    struct identity id;

    EXPECT(CAP_TABLE, IDENTIFY, RANGE,
           cap_table_identify(table, 16, &id.type, &id.rights, &id.badge, &id.depth, &id.flags,
                              &id.size, &id.detail));
    EXPECT(CAP_TABLE, IDENTIFY, RANGE,
           cap_table_identify(table, 0, &id.type, &id.rights, &id.badge, &id.depth, &id.flags,
                              &id.size, &id.detail));
    CHECK_EQ(identify(table, 3).type, OBJECT_NONE, "an empty slot is NONE");
}

TEST(identify_tells_what_the_root_program_starts_with)
{
    static const struct {
        cap_addr_t slot;
        uint32_t type;
    } cases[] = {
        { ROOT_SLOT_TABLE, OBJECT_CAP_TABLE },   { ROOT_SLOT_VSPACE, OBJECT_VSPACE },
        { ROOT_SLOT_THREAD, OBJECT_THREAD },     { ROOT_SLOT_CONTEXT, OBJECT_SCHED_CONTEXT },
        { ROOT_SLOT_MACHINE, OBJECT_MACHINE },   { ROOT_SLOT_CLOCK, OBJECT_FRAME },
        { ROOT_SLOT_INFO, OBJECT_FRAME },        { ROOT_SLOT_BUFFER, OBJECT_FRAME },
        { ROOT_SLOT_IMAGE, OBJECT_FRAME },       { ROOT_SLOT_STACK, OBJECT_FRAME },
        { ROOT_SLOT_TABLES, OBJECT_PAGE_TABLE }, { ROOT_SLOT_ARCHIVE, OBJECT_FRAME },
        { ROOT_SLOT_TRACE, OBJECT_FRAME },       { ROOT_SLOT_BUFFER_MAP, OBJECT_FRAME },
        { ROOT_SLOT_UNTYPED, OBJECT_UNTYPED },
    };
    const struct boot_info *boot = (const struct boot_info *)BOOT_INFO_ADDR;

    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK_EQ(identify(TABLE, cases[i].slot).type, cases[i].type, "as abi/boot_info.h says");
    }
    CHECK_EQ(identify(TABLE, ROOT_SLOT_TABLE).size, boot->table_slots, "slots of the root table");
    CHECK_EQ(identify(TABLE, ROOT_SLOT_TRACE).rights & (RIGHT_WRITE | RIGHT_EXEC), 0, "read only");
    CHECK_EQ(identify(TABLE, ROOT_SLOT_CLOCK).rights & (RIGHT_WRITE | RIGHT_EXEC), 0, "read only");
    CHECK_EQ(boot->abi_hash, ABI_HASH, "one ABI");
    for (uint32_t i = 0; i < boot->untyped_count; i++) {
        struct identity id = identify(TABLE, boot->untyped[i].slot);

        CHECK_EQ(id.type, OBJECT_UNTYPED, "each entry names an untyped");
        CHECK_EQ(id.size, boot->untyped[i].size_bytes, "of that size");
    }
}
