/* SPDX-License-Identifier: MIT */
/*
 * Configuration space with anything in it: every function of lib/pci must end, stay inside what it was given,
 * find each function once, and leave address registers as they were.
 *
 *     pci_fuzz --runs 3000 --seed 1
 *
 * The same seed gives the same runs. Ends with status 0 if all held.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host_test/fuzz.h"
#include "pci/pci.h"
#include "pci/registers.h"
#include "pci_fake/fake.h"

static struct fake_bus bus;
static struct pci_bus pci;
static bool is_moody; /* reads change by themselves */

static uint32_t (*behaved_read)(void *, pci_id_t, uint32_t, uint32_t);

static uint32_t moody_read(void *context, pci_id_t id, uint32_t offset, uint32_t width)
{
    uint32_t value = behaved_read(context, id, offset, width);

    if (is_moody && below(16) == 0) {
        value = (uint32_t)random64() & (UINT32_MAX >> (32 - 8 * width));
    }
    return value;
}

/* Mostly the numbers that lead somewhere. */
static void fill(struct fake_function *function)
{
    static const uint8_t kinds[] = { PCI_CAP_POWER, PCI_CAP_VENDOR,   PCI_CAP_EXPRESS,
                                     PCI_CAP_MSIX,  PCI_CAP_ADVANCED, 0x55 };

    for (uint32_t i = 0; i < 256; i++) {
        function->bytes[i] = (uint8_t)random64();
    }
    for (uint32_t i = 0x40; i < 0x100; i += 4) {
        if (below(2) == 0) {
            function->bytes[i] = kinds[below(sizeof(kinds))];
            function->bytes[i + 1] = (uint8_t)(0x40 + 4 * below(50));
            function->bytes[i + 3] = (uint8_t)below(7);
        }
    }
    fake_set(function, PCI_VENDOR_NUMBER, 2, below(2) ? PCI_VENDOR_VIRTIO : 0x8086);
    function->bytes[PCI_HEADER] =
        (uint8_t)((below(3) == 0 ? below(256) : below(2)) | below(2) * PCI_HEADER_MANY);
    function->bytes[PCI_SECONDARY_BUS] = (uint8_t)below(FAKE_BUSES + 1);
    function->bytes[PCI_CAPABILITIES] = (uint8_t)(0x40 + 4 * below(48));
    function->virtio_status = below(256);
    function->is_stuck = below(2);
    for (uint32_t i = 0; i < PCI_BARS; i++) {
        function->bar_bytes[i] = below(2) ? 0 : 1ull << below(63);
    }
}

static void use(const struct pci_function *function)
{
    enum pci_reset_way how;
    uint8_t before[PCI_BARS * 4];
    struct fake_function *fake = bus.functions;

    for (uint32_t i = 0; i < bus.count; i++) {
        fake = bus.functions[i].id == function->id ? &bus.functions[i] : fake;
    }
    /* Bits that the size forbids are lost at the first write, whoever writes. */
    for (uint32_t i = 0; i < PCI_BARS; i++) {
        bus.access.write(&bus, function->id, PCI_BAR_FIRST + 4 * i, 4,
                         fake_get(fake, PCI_BAR_FIRST + 4 * i, 4));
    }
    memcpy(before, &fake->bytes[PCI_BAR_FIRST], sizeof(before));
    for (uint32_t i = 0; i <= PCI_BARS; i++) {
        struct pci_bar bar = pci_bus_bar(&pci, function, i);

        require((bar.bytes & (bar.bytes - 1)) == 0, "a size is a power of two or 0");
        require(bar.bytes == 0 || bar.base % bar.bytes == 0, "a base is aligned to its size");
    }
    require(is_moody || memcmp(before, &fake->bytes[PCI_BAR_FIRST], sizeof(before)) == 0,
            "address registers are left as they were");
    pci_bus_enable(&pci, function, below(2) == 0);
    bus.waited_ns = 0;
    (void)!pci_bus_disable(&pci, function);
    require(bus.waited_ns <= 5000000, "disable keeps its time");
    bus.waited_ns = 0;
    (void)!pci_bus_reset(&pci, function, &how);
    require(bus.waited_ns <= 150000000, "reset keeps its time");
}

static void one_run(void)
{
    fake_start(&bus);
    behaved_read = bus.access.read;
    bus.access.read = moody_read;
    is_moody = below(2) == 0;
    uint32_t count = 1 + below(FAKE_FUNCTIONS - 1);

    for (uint32_t i = 0; i < count; i++) {
        fill(fake_add(&bus, i == 0 ? 0 : below(FAKE_BUSES) << 8 | below(64), 0, 0));
    }
    pci_bus_scan(&pci, &bus.access);
    require(pci.count <= PCI_FUNCTIONS_MAX, "no more than fit");
    for (uint32_t i = 0; i < pci.count; i++) {
        require(i == 0 || pci.functions[i - 1].id < pci.functions[i].id, "each once, in order");
        require(pci.functions[i].id >> 8 < FAKE_BUSES, "on a bus that was given");
    }
    for (uint32_t i = 0; i < pci.count; i++) {
        use(&pci.functions[i]);
    }
    require(bus.outside == 0, "only aligned accesses to buses that were given");
}

int main(int argc, char **argv)
{
    uint64_t runs = 1000;
    uint64_t seed = 1;

    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--runs") == 0) {
            runs = strtoull(argv[i + 1], NULL, 10);
        } else if (strcmp(argv[i], "--seed") == 0) {
            seed = strtoull(argv[i + 1], NULL, 10);
        }
    }
    for (uint64_t i = 0; i < runs; i++) {
        fuzz_begin("pci_fuzz", seed + i);
        one_run();
    }
    printf("ok pci_fuzz: %llu runs\n", (unsigned long long)runs);
    return 0;
}
