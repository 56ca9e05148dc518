/* SPDX-License-Identifier: MIT */
/* What spaces of devices refuse; what they do is in tests/boot/iommu. */
#include "boot_test/errors.h"
#include "boot_test/make.h"
#include "boot_test/special.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "pith/kernel_calls.h"

#define READ_WRITE (PROT_READ | PROT_WRITE)
#define AT 0x40000000ull
#define MESSAGES 0xfee00000ull
#define SOURCE 0x100u      /* behind the bridge of this system; nothing need be there */
#define SOURCE_FAR 0xff00u /* on a bus that leads nowhere */
#define SOURCES_MAX 32u

static uint32_t bits_of(cap_addr_t space)
{
    uint32_t bits = 0, sources, muted, attached, tables;

    CHECK_OK(io_space_info(space, &bits, &sources, &muted, &attached, &tables));
    return bits;
}

static cap_addr_t space_with_tables(uint32_t tables)
{
    cap_addr_t space = make(OBJECT_IO_SPACE, 0);

    REQUIRE_OK(io_space_add_tables(space, make(OBJECT_PAGE_TABLE, tables)));
    return space;
}

TEST(io_space_map_refuses)
{
    cap_addr_t space = make(OBJECT_IO_SPACE, 0);
    cap_addr_t tables = make(OBJECT_PAGE_TABLE, 1);
    cap_addr_t frame = make(OBJECT_FRAME, FRAME_SIZE(4, PAGE_CLASS_4K));
    cap_addr_t readable = copy_of(frame, RIGHT_READ);
    uint64_t end = 1ull << bits_of(space);
    uint32_t done = 0;

    REQUIRE(end > 1, "there is a DMA remapping unit");
    EXPECT(IO_SPACE, MAP, NO_MEMORY, io_space_map(space, frame, 0, 1, AT, READ_WRITE, &done));
    REQUIRE_OK(io_space_add_tables(space, tables));
    EXPECT(IO_SPACE, ADD_TABLES, BUSY, io_space_add_tables(space, tables));
    EXPECT(IO_SPACE, MAP, NO_MEMORY, io_space_map(space, frame, 0, 1, AT, READ_WRITE, &done));
    REQUIRE_OK(io_space_add_tables(space, make(OBJECT_PAGE_TABLE, 8)));
    EXPECT(IO_SPACE, MAP, RANGE, io_space_map(space, frame, 4, 1, AT, READ_WRITE, &done));
    EXPECT(IO_SPACE, MAP, RANGE, io_space_map(space, frame, 3, 2, AT, READ_WRITE, &done));
    EXPECT(IO_SPACE, MAP, RANGE, io_space_map(space, frame, 0, 1, AT + 8, READ_WRITE, &done));
    EXPECT(IO_SPACE, MAP, RANGE, io_space_map(space, frame, 0, 1, 0, READ_WRITE, &done));
    EXPECT(IO_SPACE, MAP, RANGE, io_space_map(space, frame, 0, 1, end, READ_WRITE, &done));
    EXPECT(IO_SPACE, MAP, RANGE,
           io_space_map(space, frame, 0, 2, end - PAGE_BYTES, READ_WRITE, &done));
    EXPECT(IO_SPACE, MAP, RANGE, io_space_map(space, frame, 0, 1, MESSAGES, READ_WRITE, &done));
    EXPECT(IO_SPACE, MAP, RANGE,
           io_space_map(space, frame, 0, 2, MESSAGES - PAGE_BYTES, READ_WRITE, &done));
    EXPECT(IO_SPACE, MAP, NO_RIGHT, io_space_map(space, readable, 0, 1, AT, READ_WRITE, &done));
    REQUIRE_OK(io_space_map(space, frame, 0, 4, AT, READ_WRITE, &done));
    CHECK_EQ(done, 4, "all of them");
    EXPECT(IO_SPACE, MAP, ALREADY_MAPPED, io_space_map(space, frame, 0, 1, AT, READ_WRITE, &done));
    EXPECT(IO_SPACE, MAP, BUSY,
           io_space_map(space_with_tables(4), frame, 0, 1, AT, READ_WRITE, &done));
    EXPECT(VSPACE, MAP, BUSY, vspace_map(VSPACE, frame, 0, 1, PLACE, PROT_READ, &done));
    EXPECT(IO_SPACE, UNMAP, RANGE, io_space_unmap(space, AT + 8, 1));
    EXPECT(IO_SPACE, UNMAP, RANGE, io_space_unmap(space, end, 1));
    EXPECT(IO_SPACE, UNMAP, RANGE, io_space_unmap(space, MESSAGES - PAGE_BYTES, 2));
    CHECK_OK(io_space_unmap(space, AT, 64));
    CHECK_OK(io_space_map(space, frame, 0, 4, AT, PROT_READ, &done));
    CHECK_OK(io_space_map(space, frame, 0, 1, end - PAGE_BYTES, PROT_READ, &done));
}

TEST(io_space_maps_no_registers_of_devices)
{
    const struct boot_info *boot = (const struct boot_info *)BOOT_INFO_ADDR;
    cap_addr_t space = space_with_tables(4);
    uint32_t done = 0;

    for (uint32_t i = 0; i < boot->untyped_count; i++) {
        if (boot->untyped[i].device) {
            cap_addr_t frame =
                make_from(boot->untyped[i].slot, OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K));

            EXPECT(IO_SPACE, MAP, WRONG_TYPE,
                   io_space_map(space, frame, 0, 1, AT, READ_WRITE, &done));
            delete (frame);
        }
    }
}

TEST(io_space_maps_large_pages)
{
    cap_addr_t space = space_with_tables(4);
    cap_addr_t large = make(OBJECT_FRAME, FRAME_SIZE(2, PAGE_CLASS_2M));
    cap_addr_t small = make(OBJECT_FRAME, FRAME_SIZE(1, PAGE_CLASS_4K));
    uint32_t bits = 0, sources, muted, attached = 0, tables = 0, done = 0;

    REQUIRE_OK(io_space_map(space, large, 0, 2, AT, READ_WRITE, &done));
    EXPECT(IO_SPACE, MAP, ALREADY_MAPPED,
           io_space_map(space, small, 0, 1, AT + MIB(1), READ_WRITE, &done));
    CHECK_OK(io_space_info(space, &bits, &sources, &muted, &attached, &tables));
    CHECK_EQ(attached, 1, "the run that failed to be mapped is not attached");
    CHECK_EQ(tables, bits > 39 ? 2 : 1, "a large page needs a table less");
    CHECK_OK(frame_detach(large));
    CHECK_OK(io_space_map(space, small, 0, 1, AT + MIB(1), READ_WRITE, &done));
}

TEST(attach_and_detach_refuse)
{
    cap_addr_t space = make(OBJECT_IO_SPACE, 0);
    cap_addr_t other = make(OBJECT_IO_SPACE, 0);
    uint32_t sources = 0, bits, muted, attached, tables;

    EXPECT(IO_SPACE, ATTACH, RANGE, io_space_attach(space, MACHINE, SOURCE_FAR));
    EXPECT(IO_SPACE, DETACH, GONE, io_space_detach(space, SOURCE));
    EXPECT(IO_SPACE, UNMUTE, GONE, io_space_unmute(space, SOURCE));
    for (uint32_t i = 0; i < SOURCES_MAX; i++) {
        REQUIRE_OK(io_space_attach(space, MACHINE, SOURCE + i));
    }
    EXPECT(IO_SPACE, ATTACH, NO_MEMORY, io_space_attach(space, MACHINE, SOURCE + SOURCES_MAX));
    EXPECT(IO_SPACE, ATTACH, BUSY, io_space_attach(space, MACHINE, SOURCE));
    EXPECT(IO_SPACE, ATTACH, BUSY, io_space_attach(other, MACHINE, SOURCE));
    EXPECT(IO_SPACE, DETACH, GONE, io_space_detach(other, SOURCE));
    CHECK_OK(io_space_unmute(space, SOURCE));
    CHECK_OK(io_space_detach(space, SOURCE));
    EXPECT(IO_SPACE, DETACH, GONE, io_space_detach(space, SOURCE));
    CHECK_OK(io_space_attach(other, MACHINE, SOURCE));
    CHECK_OK(io_space_info(space, &bits, &sources, &muted, &attached, &tables));
    CHECK_EQ(sources, SOURCES_MAX - 1, "one less");
    delete (space);
    CHECK_OK(io_space_attach(other, MACHINE, SOURCE + 1));
}

TEST(domains_run_out_and_come_back)
{
    cap_addr_t first = make_row(OBJECT_IO_SPACE, 0, 128);
    uint32_t count = 0;
    err_t err = ERR_OK;

    while (count < 128) {
        err = io_space_attach(first + count, MACHINE, SOURCE + count);
        if (err) {
            break;
        }
        count++;
    }
    EXPECT(IO_SPACE, ATTACH, NO_MEMORY, err);
    CHECK_EQ(count, 127, "as many as there are domains");
    delete (first + 3);
    CHECK_OK(io_space_attach(first + count, MACHINE, SOURCE + count));
}

TEST(io_space_bind_refuses)
{
    cap_addr_t space = make(OBJECT_IO_SPACE, 0);
    cap_addr_t notification = make(OBJECT_NOTIFICATION, 0);
    uint32_t count = 9, source, reason, lost;
    uint64_t address;

    EXPECT(IO_SPACE, BIND, TOO_DEEP, io_space_bind(space, deepest_copy(notification)));
    cap_addr_t frozen = make(OBJECT_NOTIFICATION, 0);
    struct worker *worker = freeze(frozen);

    EXPECT(IO_SPACE, BIND, BUSY, io_space_bind(space, frozen));
    thaw(worker);
    CHECK_OK(io_space_bind(space, notification));
    CHECK_OK(io_space_bind(space, notification));
    CHECK_OK(io_space_bind(space, 0));
    CHECK_OK(io_space_bind(space, notification));
    delete (notification);
    CHECK_OK(io_space_bind(space, 0));
    CHECK_OK(io_space_fault(space, &count, &source, &address, &reason, &lost));
    CHECK_EQ(count, 0, "nothing happened");
    CHECK_OK(machine_faults(MACHINE, &count, &source, &address, &reason, &lost));
}
