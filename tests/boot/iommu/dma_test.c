/* SPDX-License-Identifier: MIT */
/* DMA reaches what is mapped, as it is mapped, for as long as it is; what else it tries is stopped and told. */
#include "boot_test/make.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "devices.h"
#include "pith/kernel_calls.h"
#include "pith/syscall.h"

#define READ_WRITE (PROT_READ | PROT_WRITE)
#define AT 0x10000000ull /* for the device */
#define BADGE 0x40ull
#define MANY 64u
#define GIB_1 (1ull << 30)
#define WRITE 0x100u
#define REASON_WRITE (WRITE | 5u)
#define REASON_READ 6u

/* The device in a space of its own, and four pages of memory: words that tell where they are. */
struct rig {
    uint32_t source;
    cap_addr_t space, tables, notification, frame, mapped; /* mapped: the copy for the device */
    uint64_t base;                                         /* of the frame, for processors */
};

static volatile uint64_t *page(uint32_t number)
{
    return (volatile uint64_t *)(PLACE + number * PAGE_BYTES);
}

static void fill(void)
{
    for (uint32_t i = 0; i < 4 * 512; i++) {
        page(0)[i] = 0x1111000000000000ull + i;
    }
}

static bool is_filled(uint32_t number)
{
    for (uint32_t i = 0; i < 512; i++) {
        if (page(number)[i] != 0x1111000000000000ull + number * 512ull + i) {
            return false;
        }
    }
    return true;
}

static void faults_forget(cap_addr_t space)
{
    uint32_t count, source, reason, lost;
    uint64_t address;

    CHECK_OK(io_space_fault(space, &count, &source, &address, &reason, &lost));
    CHECK_OK(machine_faults(MACHINE, &count, &source, &address, &reason, &lost));
}

static struct rig rig_make(uint32_t prot)
{
    struct rig rig = { .source = edu_start() };
    uint32_t pages, class, cache, done = 0;

    rig.frame = make(OBJECT_FRAME, FRAME_SIZE(4, PAGE_CLASS_4K));
    REQUIRE_OK(frame_info(rig.frame, &rig.base, &pages, &class, &cache));
    map_at(rig.frame, PLACE, 4, READ_WRITE);
    fill();
    rig.mapped = copy_of(rig.frame, RIGHTS_ALL);
    rig.space = make(OBJECT_IO_SPACE, 0);
    rig.tables = make(OBJECT_PAGE_TABLE, 4);
    rig.notification = make(OBJECT_NOTIFICATION, 0);
    REQUIRE_OK(io_space_bind(rig.space, mint_of(rig.notification, RIGHT_SIGNAL, BADGE)));
    REQUIRE_OK(io_space_add_tables(rig.space, rig.tables));
    REQUIRE_OK(io_space_map(rig.space, rig.mapped, 0, 4, AT, prot, &done));
    REQUIRE_OK(io_space_attach(rig.space, MACHINE, rig.source));
    faults_forget(rig.space);
    return rig;
}

/* Just one fault was recorded, and told to the notification. */
static void check_fault(const struct rig *rig, uint64_t address, uint32_t reason)
{
    uint32_t count = 0, source = 0, got = 0, lost;
    uint64_t at = 0, bits = 0;

    CHECK_OK(notification_poll(rig->notification, ~0ull, &bits));
    CHECK_EQ(bits, BADGE, "told");
    CHECK_OK(io_space_fault(rig->space, &count, &source, &at, &got, &lost));
    CHECK_EQ(count, 1, "one fault");
    CHECK_EQ(source, rig->source, "its source");
    CHECK_EQ(at, address, "its address");
    CHECK_EQ(got, reason, "its reason");
    CHECK_OK(io_space_fault(rig->space, &count, &source, &at, &got, &lost));
    CHECK_EQ(count, 0, "told once");
    CHECK_EQ(notification_poll(rig->notification, ~0ull, &bits), ERR_WOULD_BLOCK, "and no more");
}

static void check_no_fault(const struct rig *rig)
{
    uint32_t count = 9, source, reason, lost;
    uint64_t address;

    CHECK_OK(io_space_fault(rig->space, &count, &source, &address, &reason, &lost));
    CHECK_EQ(count, 0, "no fault");
    CHECK_OK(machine_faults(MACHINE, &count, &source, &address, &reason, &lost));
    CHECK_EQ(count, 0, "nobody's either");
}

/* It was in no space: the machine was told. */
static void check_stray(uint32_t from, uint64_t address, uint32_t reason)
{
    uint32_t count = 0, source = 0, got = 0, lost;
    uint64_t at = 0;

    CHECK_OK(machine_faults(MACHINE, &count, &source, &at, &got, &lost));
    CHECK_EQ(count, 1, "one fault of a device in no space");
    CHECK_EQ(source, from, "its source");
    CHECK_EQ(at, address, "its address");
    CHECK_EQ(got & ~0xffu, reason, "a read or a write");
}

TEST(a_device_in_no_space_reaches_nothing)
{
    struct rig rig = rig_make(READ_WRITE);

    REQUIRE_OK(io_space_detach(rig.space, rig.source));
    edu_to_memory(rig.base, 64);
    CHECK(is_filled(0), "memory is as it was");
    check_stray(rig.source, rig.base, WRITE);
    edu_from_memory(rig.base, 64);
    check_stray(rig.source, rig.base, 0);
}

TEST(mapped_memory_is_read_and_written)
{
    struct rig rig = rig_make(READ_WRITE);

    edu_from_memory(AT + 2 * PAGE_BYTES, EDU_BYTES);
    edu_to_memory(AT + PAGE_BYTES, EDU_BYTES);
    for (uint32_t i = 0; i < EDU_BYTES / 8; i++) {
        CHECK_EQ(page(1)[i], 0x1111000000000000ull + 1024 + i, "page 1 is a copy of page 2");
    }
    CHECK(is_filled(0) && is_filled(2) && is_filled(3), "the other pages are as they were");
    check_no_fault(&rig);
}

TEST(addresses_without_a_page_are_stopped_and_told)
{
    struct rig rig = rig_make(READ_WRITE);

    edu_to_memory(rig.base, 64);
    CHECK(is_filled(0), "the address of processors means nothing to a device");
    check_fault(&rig, rig.base, REASON_WRITE);
    edu_to_memory(AT + 4 * PAGE_BYTES + 8, 64);
    check_fault(&rig, AT + 4 * PAGE_BYTES, REASON_WRITE);
    edu_from_memory(AT - 64, 64);
    check_fault(&rig, AT - PAGE_BYTES, REASON_READ);
}

TEST(what_may_only_be_read_is_not_written)
{
    struct rig rig = rig_make(PROT_READ);

    edu_from_memory(AT + PAGE_BYTES, 64);
    check_no_fault(&rig);
    edu_to_memory(AT, 64);
    CHECK(is_filled(0), "memory is as it was");
    check_fault(&rig, AT, REASON_WRITE);
}

/* The pages have been used: the unit remembers them. Then they go; nothing of them may be left. */
static void use(void)
{
    edu_from_memory(AT, 64);
    edu_to_memory(AT + PAGE_BYTES, 64);
    fill();
}

static void check_stopped(const struct rig *rig)
{
    edu_to_memory(AT + PAGE_BYTES, 64);
    CHECK(is_filled(1), "memory is as it was");
    check_fault(rig, AT + PAGE_BYTES, REASON_WRITE);
}

TEST(what_was_unmapped_is_out_of_reach)
{
    struct rig rig = rig_make(READ_WRITE);

    use();
    REQUIRE_OK(io_space_unmap(rig.space, AT + PAGE_BYTES, 1));
    check_stopped(&rig);
    edu_from_memory(AT, 64);
    check_no_fault(&rig);
}

TEST(a_frame_that_is_detached_is_out_of_reach)
{
    struct rig rig = rig_make(READ_WRITE);

    use();
    REQUIRE_OK(frame_detach(rig.mapped));
    check_stopped(&rig);
}

TEST(a_frame_that_is_deleted_is_out_of_reach)
{
    struct rig rig = rig_make(READ_WRITE);

    use();
    delete (rig.mapped);
    check_stopped(&rig);
}

TEST(page_tables_that_are_deleted_take_their_pages_along)
{
    struct rig rig = rig_make(READ_WRITE);

    use();
    delete (rig.tables);
    check_stopped(&rig);
}

TEST(a_source_that_is_detached_reaches_nothing)
{
    struct rig rig = rig_make(READ_WRITE);

    use();
    REQUIRE_OK(io_space_detach(rig.space, rig.source));
    edu_to_memory(AT, 64);
    CHECK(is_filled(0), "memory is as it was");
    check_stray(rig.source, AT, WRITE);
    REQUIRE_OK(io_space_attach(rig.space, MACHINE, rig.source));
    edu_from_memory(AT, 64);
    check_no_fault(&rig);
}

TEST(a_space_that_is_deleted_leaves_its_sources_blocked)
{
    struct rig rig = rig_make(READ_WRITE);

    use();
    delete (rig.space);
    edu_to_memory(AT, 64);
    CHECK(is_filled(0), "memory is as it was");
    check_stray(rig.source, AT, WRITE);
}

TEST(a_source_moves_to_another_space)
{
    struct rig rig = rig_make(READ_WRITE);
    cap_addr_t other = make(OBJECT_IO_SPACE, 0);
    cap_addr_t here = copy_of(rig.frame, RIGHTS_ALL);
    uint32_t done = 0;

    use();
    REQUIRE_OK(io_space_add_tables(other, make(OBJECT_PAGE_TABLE, 4)));
    REQUIRE_OK(io_space_map(other, here, 3, 1, AT, READ_WRITE, &done));
    REQUIRE_OK(io_space_detach(rig.space, rig.source));
    REQUIRE_OK(io_space_attach(other, MACHINE, rig.source));
    edu_from_memory(AT, 64);
    edu_to_memory(AT + 64, 64);
    CHECK_EQ(page(3)[8], page(3)[0], "address AT is page 3 now");
    CHECK(is_filled(0), "and no more page 0");
    check_no_fault(&rig);
}

/* What it takes is measured by `make bench` (irq_off_max): units that do not look into caches want each entry flushed, and each table. */
TEST(many_pages_are_mapped_in_several_steps)
{
    struct rig rig = rig_make(READ_WRITE);
    cap_addr_t many = make(OBJECT_FRAME, FRAME_SIZE(MANY, PAGE_CLASS_4K));
    uint64_t at = GIB_1 - MANY / 2 * PAGE_BYTES; /* the tables on both sides are new */
    uint32_t mapped = 0;

    REQUIRE_OK(io_space_add_tables(rig.space, make(OBJECT_PAGE_TABLE, 4)));
    while (mapped < MANY) {
        uint32_t done = 0;

        REQUIRE_OK(io_space_map(rig.space, many, mapped, MANY - mapped, at + mapped * PAGE_BYTES,
                                READ_WRITE, &done));
        CHECK_BETWEEN(done, 1, MANY - mapped, "some, and not more");
        mapped += done;
    }
    CHECK_OK(io_space_unmap(rig.space, at, MANY));
    CHECK_OK(frame_detach(many));
}

TEST(a_large_page_is_reached)
{
    struct rig rig = rig_make(READ_WRITE);
    cap_addr_t large = make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_2M));
    cap_addr_t here = copy_of(large, RIGHTS_ALL);
    volatile uint64_t *words = (volatile uint64_t *)(PLACE + MIB(4) + 0x123000);
    uint32_t done = 0;

    REQUIRE_OK(vspace_map(VSPACE, large, 0, 1, PLACE + MIB(4), READ_WRITE, &done));
    REQUIRE_OK(io_space_map(rig.space, here, 0, 1, AT + MIB(4), READ_WRITE, &done));
    words[0] = 0x2222;
    edu_from_memory(AT + MIB(4) + 0x123000, 8);
    edu_to_memory(AT + MIB(4) + 0x123008, 8);
    CHECK_EQ(words[1], 0x2222, "copied inside the large page");
    check_no_fault(&rig);
    REQUIRE_OK(io_space_unmap(rig.space, AT + MIB(4), 1));
    edu_to_memory(AT + MIB(4) + 0x123010, 8);
    CHECK_EQ(words[2], 0, "unmapped whole");
    check_fault(&rig, AT + MIB(4) + 0x123000, REASON_WRITE);
}
