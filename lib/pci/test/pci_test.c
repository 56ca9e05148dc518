/* SPDX-License-Identifier: MIT */
/* The bus as a fake has it: functions that behave, and some that do not. */
#include "pci/pci.h"

#include <string.h>

#include "host_test/test.h"
#include "pci/registers.h"
#include "pci_fake/fake.h"

#define ID(bus, device, function) ((bus) << 8 | (device) << 3 | (function))

static struct fake_bus bus;
static struct pci_bus pci;

/* A virtio device as QEMU has them: 32 bits of MSI-X table, 64 bits of the rest, all capabilities. */
static struct fake_function *add_virtio(pci_id_t id)
{
    struct fake_function *function = fake_add(&bus, id, PCI_VENDOR_VIRTIO, 0x1042);

    fake_bar(function, 1, 0xfebd1000, 4096, 0);
    fake_bar(function, 4, 0x3800000000, 16384, PCI_BAR_64_BITS | PCI_BAR_PREFETCHABLE);
    fake_capability(function, 0x40, PCI_CAP_VENDOR);
    function->bytes[0x40 + PCI_VIRTIO_KIND] = PCI_VIRTIO_COMMON;
    function->bytes[0x40 + PCI_VIRTIO_BAR] = 4;
    fake_set(function, 0x40 + PCI_VIRTIO_OFFSET, 4, 0x1000);
    fake_capability(function, 0x54, PCI_CAP_VENDOR);
    function->bytes[0x54 + PCI_VIRTIO_KIND] = PCI_VIRTIO_KIND_WINDOW;
    fake_capability(function, 0x70, PCI_CAP_MSIX);
    fake_set(function, 0x70 + PCI_MSIX_CONTROL, 2, 4);
    fake_capability(function, 0x7c, PCI_CAP_EXPRESS);
    fake_set(function, 0x7c + PCI_EXPRESS_CAPABILITIES, 4, PCI_EXPRESS_CAN_RESET);
    fake_capability(function, 0xc0, PCI_CAP_POWER);
    return function;
}

static struct fake_function *add_bridge(pci_id_t id, uint32_t secondary)
{
    struct fake_function *function = fake_add(&bus, id, 0x1b36, 12);

    function->bytes[PCI_HEADER] = PCI_HEADER_BRIDGE;
    function->bytes[PCI_SECONDARY_BUS] = (uint8_t)secondary;
    return function;
}

TEST(scan_finds_functions_behind_bridges_in_order)
{
    static const pci_id_t want[] = { ID(0, 0, 0),  ID(0, 2, 0), ID(0, 31, 0),
                                     ID(0, 31, 2), ID(1, 0, 0), ID(3, 5, 0) };

    fake_start(&bus);
    fake_add(&bus, ID(0, 31, 0), 0x8086, 1)->bytes[PCI_HEADER] = PCI_HEADER_MANY;
    (void)fake_add(&bus, ID(0, 31, 2), 0x8086, 2);
    (void)fake_add(&bus, ID(0, 5, 1), 0x8086, 3); /* without a function 0 nobody looks at it */
    (void)fake_add(&bus, ID(2, 1, 0), 0x8086, 4); /* on a bus that no bridge leads to */
    (void)fake_add(&bus, ID(3, 5, 0), 0x8086, 5);
    (void)fake_add(&bus, ID(0, 0, 0), 0x8086, 6);
    (void)add_bridge(ID(0, 2, 0), 1);
    (void)add_bridge(ID(1, 0, 0), 3);
    pci_bus_scan(&pci, &bus.access);
    CHECK_EQ(pci.count, 6, "as many as can be reached");
    for (uint32_t i = 0; i < pci.count && i < 6; i++) {
        CHECK_EQ(pci.functions[i].id, want[i], "in order of ids");
        CHECK(pci_bus_find(&pci, want[i]) == &pci.functions[i], "found by its id");
    }
    CHECK(pci_bus_find(&pci, ID(2, 1, 0)) == NULL, "what was not found is not there");
    CHECK_EQ(pci.bad_bridges, 0, "nothing was refused");
    for (uint32_t i = 0; i < bus.count; i++) {
        CHECK_EQ(bus.functions[i].writes, 0, "a scan writes nothing");
    }
}

TEST(scan_refuses_bridges_in_circles_and_outside)
{
    fake_start(&bus);
    (void)add_bridge(ID(0, 1, 0), 0);
    (void)add_bridge(ID(0, 2, 0), 1);
    (void)add_bridge(ID(0, 3, 0), 1);
    (void)add_bridge(ID(0, 4, 0), FAKE_BUSES);
    (void)add_bridge(ID(0, 5, 0), 255);
    (void)add_bridge(ID(1, 0, 0), 0);
    pci_bus_scan(&pci, &bus.access);
    CHECK_EQ(pci.count, 6, "each once");
    CHECK_EQ(pci.bad_bridges, 5, "back to 0 twice, 1 a second time, two outside");
    CHECK_EQ(bus.outside, 0, "no bus beyond those given");
}

TEST(scan_ends_lists_that_loop_or_leave)
{
    static const struct {
        const char *why;
        uint32_t first, next, bad;
    } cases[] = {
        { "ends", 0x40, 0, 0 },
        { "loops", 0x40, 0x40, 1 },
        { "leads into the header", 0x40, 0x10, 1 },
        { "begins in the header", 0x04, 0, 1 },
        { "is empty", 0, 0, 0 },
        { "has reserved bits", 0x43, 0, 0 },
        { "runs out of its place", 0xfc, 0, 1 },
    };

    for (uint32_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fake_start(&bus);
        struct fake_function *function = fake_add(&bus, 0, 0x8086, 1);

        function->bytes[PCI_STATUS] = PCI_STATUS_HAS_LIST;
        function->bytes[PCI_CAPABILITIES] = (uint8_t)cases[i].first;
        function->bytes[cases[i].first & 0xfc] = PCI_CAP_MSIX;
        function->bytes[(cases[i].first & 0xfc) + 1] = (uint8_t)cases[i].next;
        pci_bus_scan(&pci, &bus.access);
        CHECK_EQ(pci.count, 1, cases[i].why);
        CHECK_EQ(pci.bad_lists, cases[i].bad, cases[i].why);
    }
}

TEST(bars_have_their_sizes_and_are_left_as_they_were)
{
    uint8_t before[PCI_CONFIG_BYTES];

    fake_start(&bus);
    struct fake_function *function = add_virtio(ID(0, 3, 0));

    fake_bar(function, 0, 0xc040, 32, PCI_BAR_IS_PORTS);
    fake_set(function, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    memcpy(before, function->bytes, sizeof(before));
    pci_bus_scan(&pci, &bus.access);

    struct pci_bar bars[PCI_BARS];

    for (uint32_t i = 0; i < PCI_BARS; i++) {
        bars[i] = pci_bus_bar(&pci, &pci.functions[0], i);
    }
    CHECK_EQ(bars[0].base, 0xc040, "ports");
    CHECK_EQ(bars[0].bytes, 32, "ports");
    CHECK_EQ(bars[0].flags, PCI_BAR_FLAG_PORTS, "ports");
    CHECK_EQ(bars[1].base, 0xfebd1000, "32 bits");
    CHECK_EQ(bars[1].bytes, 4096, "32 bits");
    CHECK_EQ(bars[1].flags, 0, "32 bits");
    CHECK_EQ(bars[4].base, 0x3800000000, "64 bits");
    CHECK_EQ(bars[4].bytes, 16384, "64 bits");
    CHECK_EQ(bars[4].flags, PCI_BAR_FLAG_64_BITS | PCI_BAR_FLAG_PREFETCHABLE, "64 bits");
    CHECK_EQ(bars[2].bytes + bars[3].bytes, 0, "there is none");
    CHECK_EQ(bars[5].bytes, 0, "the upper half of another");
    CHECK_EQ(pci_bus_bar(&pci, &pci.functions[0], PCI_BARS).bytes, 0, "there is no such number");
    CHECK(memcmp(before, function->bytes, sizeof(before)) == 0, "all is as it was");
    CHECK_EQ(function->sized_while_on, 0, "it answers nowhere while it is sized");
}

TEST(bars_of_more_than_4_gib_have_their_size)
{
    fake_start(&bus);
    struct fake_function *function = fake_add(&bus, 0, 0x10de, 1);

    fake_bar(function, 0, 1ull << 40, 1ull << 36, PCI_BAR_64_BITS);
    pci_bus_scan(&pci, &bus.access);
    CHECK_EQ(pci_bus_bar(&pci, &pci.functions[0], 0).bytes, 1ull << 36, "64 GiB");
    CHECK_EQ(pci_bus_bar(&pci, &pci.functions[0], 0).base, 1ull << 40, "64 GiB");
}

TEST(enable_turns_on_what_a_driver_needs_and_disable_dma_off)
{
    fake_start(&bus);
    struct fake_function *function = add_virtio(ID(0, 3, 0));

    fake_set(function, 0x70 + PCI_MSIX_CONTROL, 2, 4 | PCI_MSIX_MASK_ALL);
    pci_bus_scan(&pci, &bus.access);
    CHECK_EQ(pci.functions[0].vectors, 5, "as many as the table has");
    pci_bus_enable(&pci, &pci.functions[0], false);
    CHECK_EQ(fake_get(function, PCI_COMMAND, 2), PCI_COMMAND_MEMORY, "memory alone");
    CHECK_EQ(fake_get(function, 0x72, 2), 4 | PCI_MSIX_MASK_ALL, "no interrupts yet");
    pci_bus_enable(&pci, &pci.functions[0], true);
    CHECK_EQ(fake_get(function, PCI_COMMAND, 2),
             PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_LINES_OFF, "all");
    CHECK_EQ(fake_get(function, 0x72, 2), 4 | PCI_MSIX_ENABLE, "on, not masked");
    CHECK_EQ(pci_bus_disable(&pci, &pci.functions[0]), ERR_OK, "nothing is pending");
    CHECK_EQ(fake_get(function, PCI_COMMAND, 2), PCI_COMMAND_MEMORY | PCI_COMMAND_LINES_OFF,
             "DMA is off");
    CHECK_EQ(bus.waited_ns, 0, "at once");
}

TEST(disable_waits_for_what_is_pending_but_not_for_ever)
{
    fake_start(&bus);
    struct fake_function *function = add_virtio(ID(0, 3, 0));

    fake_set(function, 0x7c + PCI_EXPRESS_STATUS, 2, PCI_EXPRESS_PENDING);
    pci_bus_scan(&pci, &bus.access);
    pci_bus_enable(&pci, &pci.functions[0], true);
    CHECK_EQ(pci_bus_disable(&pci, &pci.functions[0]), ERR_TIMED_OUT, "still pending");
    CHECK(bus.waited_ns >= 4000000 && bus.waited_ns <= 5000000, "as long as was promised");
    CHECK_EQ(fake_get(function, PCI_COMMAND, 2) & PCI_COMMAND_MASTER, 0, "off all the same");
}

/* Resets a virtio device that lacks or fails the ways before `want`. */
static void reset_by(enum pci_reset_way want)
{
    enum pci_reset_way how = 0;

    fake_start(&bus);
    struct fake_function *function = add_virtio(ID(0, 3, 0));

    function->virtio_status = 0xf;
    if (want != PCI_RESET_VIRTIO) {
        function->bytes[0x54 + PCI_VIRTIO_KIND] = 9;
    }
    if (want == PCI_RESET_POWER) {
        fake_set(function, 0x7c + PCI_EXPRESS_CAPABILITIES, 4, 0);
    }
    pci_bus_scan(&pci, &bus.access);
    pci_bus_enable(&pci, &pci.functions[0], true);
    CHECK_EQ(pci_bus_reset(&pci, &pci.functions[0], &how), ERR_OK, "there is a way");
    CHECK_EQ(how, want, "the mildest there is");
    CHECK_EQ(function->resets[want], 1, "once");
    CHECK_EQ(fake_get(function, PCI_COMMAND, 2), PCI_COMMAND_MEMORY | PCI_COMMAND_LINES_OFF,
             "answers again, without DMA");
    CHECK_EQ(fake_get(function, PCI_BAR_FIRST + 4, 4), 0xfebd1000, "addresses are back");
    CHECK_EQ(fake_get(function, PCI_BAR_FIRST + 20, 4), 0x38, "addresses are back");
    CHECK_EQ(fake_get(function, 0x72, 2), 4, "MSI-X as the scan found it");
    CHECK(bus.waited_ns <= 150000000, "within its time");
}

TEST(reset_goes_by_the_status_of_a_virtio_device)
{
    reset_by(PCI_RESET_VIRTIO);
}

TEST(reset_goes_by_function_level_reset)
{
    reset_by(PCI_RESET_FUNCTION);
}

TEST(reset_goes_by_power_state)
{
    reset_by(PCI_RESET_POWER);
}

TEST(reset_of_a_device_that_does_not_obey_says_so)
{
    enum pci_reset_way how = 0;

    fake_start(&bus);
    struct fake_function *function = add_virtio(ID(0, 3, 0));

    function->is_stuck = true;
    function->virtio_status = 0xf;
    fake_set(function, 0x7c + PCI_EXPRESS_CAPABILITIES, 4, 0);
    fake_set(function, 0xc0 + PCI_POWER_CONTROL, 2, PCI_POWER_KEEPS);
    pci_bus_scan(&pci, &bus.access);
    CHECK_EQ(pci_bus_reset(&pci, &pci.functions[0], &how), ERR_IO, "no way is left");
    CHECK(bus.waited_ns <= 150000000, "within its time");
}
