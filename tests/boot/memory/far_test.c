/* SPDX-License-Identifier: MIT */
/* Pages of one capability, and tables of one run, that lie far apart: taking them back must not take long. */
#include "boot_test/make.h"
#include "boot_test/test.h"
#include "pith/clock.h"
#include "pith/kernel_calls.h"

enum { WIDE_MAX = 32 }; /* runs of a space that may have their pages far apart */

static cap_addr_t space_make(uint32_t tables)
{
    cap_addr_t space = make(OBJECT_VSPACE, 0);

    REQUIRE_OK(vspace_add_tables(space, make(OBJECT_PAGE_TABLE, tables)));
    return space;
}

static err_t map_one(cap_addr_t space, cap_addr_t frame, user_addr_t at)
{
    uint32_t done = 0;

    return vspace_map(space, frame, 0, 1, at, PROT_READ, &done);
}

/* Twice as many places as pages were mapped, and 64, are near. */
TEST(pages_of_few_capabilities_may_lie_far_apart)
{
    cap_addr_t space = space_make(8);
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K));
    cap_addr_t far = slots_next(WIDE_MAX + 1);

    for (uint32_t i = 0; i <= WIDE_MAX; i++) {
        REQUIRE_OK(cap_table_copy(TABLE, far + i, TABLE, frame, RIGHTS_ALL));
        CHECK_OK(map_one(space, far + i, PLACE + i * PAGE_BYTES));
        CHECK_OK(map_one(space, far + i, PLACE + (65 + i) * PAGE_BYTES));
    }
    for (uint32_t i = 0; i < WIDE_MAX; i++) {
        CHECK_OK(map_one(space, far + i, PLACE + MIB(2) + i * PAGE_BYTES));
    }
    CHECK_EQ(map_one(space, far + WIDE_MAX, PLACE + MIB(4)), ERR_BUSY, "as many as may be");
    CHECK_OK(map_one(space, far + WIDE_MAX, PLACE + 40 * PAGE_BYTES));
    CHECK_OK(map_one(space, far + 3, PLACE + MIB(5)));
    CHECK_OK(frame_detach(far + 7));
    CHECK_OK(map_one(space, far + WIDE_MAX, PLACE + MIB(4)));
    CHECK_OK(map_one(space, far + 7, PLACE + MIB(6)));
    CHECK_EQ(map_one(space, far + 7, PLACE), ERR_BUSY, "it is near anew, and there is no room");
}

TEST(what_is_shared_may_not_lie_far_apart_either)
{
    cap_addr_t space = space_make(8);
    cap_addr_t other = space_make(8);
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K));
    cap_addr_t far = slots_next(WIDE_MAX + 1);
    uint32_t done = 0, shared = 0;

    REQUIRE_OK(map_one(other, frame, PLACE));
    for (uint32_t i = 0; i <= WIDE_MAX; i++) {
        REQUIRE_OK(cap_table_copy(TABLE, far + i, TABLE, frame, RIGHTS_ALL));
        CHECK_OK(
            vspace_share(space, other, PLACE, far + i, PLACE + i * PAGE_BYTES, 1, &done, &shared));
        CHECK_EQ(shared, 1, "the page");
        CHECK_EQ(vspace_share(space, other, PLACE, far + i, PLACE + MIB(2) + i * PAGE_BYTES, 1,
                              &done, &shared),
                 i < WIDE_MAX ? ERR_OK : ERR_BUSY, "not more than may be");
    }
}

TEST(page_tables_far_apart_take_all_pages_along)
{
    cap_addr_t space = space_make(4);
    cap_addr_t far = make(OBJECT_PAGE_TABLE, 5);
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K));
    uint32_t done = 0, attached = 0, tables = 0;

    CHECK_OK(map_one(space, frame, PLACE));
    REQUIRE_OK(vspace_add_tables(space, far));
    CHECK_OK(map_one(space, frame, PLACE + MIB(8)));
    CHECK_OK(map_one(space, frame, PLACE + MIB(4096)));
    delete (far);
    CHECK_OK(vspace_info(space, &attached, &tables));
    CHECK_EQ(attached, 1, "the frame is attached still");
    CHECK_EQ(tables, 3, "the other run's tables still count");
    CHECK_EQ(vspace_protect(space, PLACE, 1, PROT_READ, &done), ERR_NOT_MAPPED, "no page is left");
    CHECK_OK(frame_detach(frame));
    REQUIRE_OK(vspace_add_tables(space, make(OBJECT_PAGE_TABLE, 3)));
    CHECK_OK(map_one(space, frame, PLACE));
}

/* Those of a run that lie within 1 GiB are found, and nothing else goes. */
TEST(page_tables_near_each_other_go_alone)
{
    cap_addr_t space = space_make(3);
    cap_addr_t near = make(OBJECT_PAGE_TABLE, 2);
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K));
    uint32_t done = 0;

    CHECK_OK(map_one(space, frame, PLACE));
    REQUIRE_OK(vspace_add_tables(space, near));
    CHECK_OK(map_one(space, frame, PLACE + MIB(8)));
    CHECK_OK(map_one(space, frame, PLACE + MIB(1022)));
    delete (near);
    CHECK_EQ(vspace_protect(space, PLACE + MIB(8), 1, PROT_READ, &done), ERR_NOT_MAPPED, "gone");
    CHECK_EQ(vspace_protect(space, PLACE + MIB(1022), 1, PROT_READ, &done), ERR_NOT_MAPPED,
             "gone, too");
    CHECK_OK(vspace_protect(space, PLACE, 1, PROT_READ, &done));
}

/* Tables for smaller pages between them are the space's, and not of its making: they are passed over, not looked through. */
TEST(large_pages_with_tables_between_go_as_fast_as_they_came)
{
    enum { BETWEEN = 62 };
    cap_addr_t space = space_make(BETWEEN + 4);
    cap_addr_t large = make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_2M));
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K));
    uint32_t done = 0;

    for (uint32_t i = 1; i <= BETWEEN; i++) {
        REQUIRE_OK(map_one(space, frame, PLACE + MIB(2) * i));
    }
    ns_t start = clock_now();

    CHECK_OK(map_one(space, large, PLACE));
    CHECK_OK(map_one(space, large, PLACE + MIB(2) * (BETWEEN + 1)));
    ns_t mapped = clock_now();

    CHECK_OK(frame_detach(large));
    ns_t detached = clock_now();

    CHECK_BETWEEN(detached - mapped, 0, 8 * (mapped - start), "in proportion to mapping it");
    CHECK_EQ(vspace_protect(space, PLACE, 1, PROT_READ, &done), ERR_NOT_MAPPED, "gone");
    CHECK_EQ(vspace_protect(space, PLACE + MIB(2) * (BETWEEN + 1), 1, PROT_READ, &done),
             ERR_NOT_MAPPED, "gone, too");
    CHECK_OK(vspace_protect(space, PLACE + MIB(2) * BETWEEN, 1, PROT_READ, &done));
}
