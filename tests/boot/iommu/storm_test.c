/* SPDX-License-Identifier: MIT */
/* A device that faults a thousand times a second takes little time from others, and at last none. */
#include "boot_test/make.h"
#include "boot_test/test.h"
#include "boot_test/worker.h"
#include "devices.h"
#include "pith/kernel_calls.h"

#define FAULTS_MAX 16u
#define LASTS_NS MS(50)

struct record {
    uint32_t count, source, reason, lost;
    uint64_t address;
};

static struct record record_read(cap_addr_t space)
{
    struct record record = { 0 };

    CHECK_OK(io_space_fault(space, &record.count, &record.source, &record.address, &record.reason,
                            &record.lost));
    return record;
}

static uint32_t muted_in(cap_addr_t space)
{
    uint32_t bits, sources, muted = 9, attached, tables;

    CHECK_OK(io_space_info(space, &bits, &sources, &muted, &attached, &tables));
    return muted;
}

static uint64_t rounds_in(const struct worker *worker, ns_t ns)
{
    uint64_t before = worker->out[0];

    sleep_ns(ns);
    return worker->out[0] - before;
}

TEST(a_storm_of_faults_ends_and_costs_little)
{
    uint32_t source = uhci_find();
    cap_addr_t space = make(OBJECT_IO_SPACE, 0);
    struct worker *busy = worker_start(worker_spin, 3, 10);

    REQUIRE_OK(io_space_attach(space, MACHINE, source));
    uint64_t alone = rounds_in(busy, LASTS_NS);

    uhci_run(true);
    uint64_t stormed = rounds_in(busy, LASTS_NS);

    CHECK(stormed >= alone - alone / 20, "others lose less than a twentieth of their time");
    test_note("work done during a storm of faults: %lu per mille", stormed * 1000 / alone);
    CHECK_EQ(muted_in(space), 1, "nobody asked: it was muted");
    struct record record = record_read(space);

    CHECK_EQ(record.count, FAULTS_MAX, "so many were recorded");
    CHECK_EQ(record.source, source, "its");
    CHECK_EQ(record.address, 0x1000, "where the list of frames should be");
    sleep_ns(MS(20));
    CHECK_EQ(record_read(space).count, 0, "to ask is not enough to hear more");
    CHECK_OK(io_space_unmute(space, source));
    sleep_ns(MS(40));
    CHECK_EQ(record_read(space).count, FAULTS_MAX, "unmuted, as many again");
    uhci_run(false);
}

TEST(faults_that_are_read_do_not_mute)
{
    uint32_t source = uhci_find();
    cap_addr_t space = make(OBJECT_IO_SPACE, 0);
    uint32_t count = 0;

    REQUIRE_OK(io_space_attach(space, MACHINE, source));
    uhci_run(true);
    for (uint32_t i = 0; i < 20; i++) {
        sleep_ns(MS(4));
        count += record_read(space).count;
    }
    uhci_run(false);
    CHECK(count > 2 * FAULTS_MAX, "all were heard");
    CHECK_EQ(muted_in(space), 0, "not muted");
}

TEST(a_storm_of_nobodys_device_ends_too)
{
    uint32_t source = uhci_find();
    struct worker *busy = worker_start(worker_spin, 3, 10);
    uint32_t count = 0, from = 0, reason, lost;
    uint64_t address;

    CHECK_OK(machine_faults(MACHINE, &count, &from, &address, &reason, &lost));
    uint64_t alone = rounds_in(busy, LASTS_NS);

    uhci_run(true);
    CHECK(rounds_in(busy, LASTS_NS) >= alone - alone / 20, "others hardly notice");
    CHECK_OK(machine_faults(MACHINE, &count, &from, &address, &reason, &lost));
    CHECK_EQ(count, FAULTS_MAX, "so many were recorded");
    CHECK_EQ(from, source, "its");
    sleep_ns(MS(20));
    CHECK_OK(machine_faults(MACHINE, &count, &from, &address, &reason, &lost));
    CHECK_EQ(count, 0, "it is muted until it is attached");
    cap_addr_t space = make(OBJECT_IO_SPACE, 0);

    REQUIRE_OK(io_space_attach(space, MACHINE, source));
    sleep_ns(MS(40));
    CHECK_EQ(record_read(space).count, FAULTS_MAX, "attached, it is heard again");
    uhci_run(false);
}
