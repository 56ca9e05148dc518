/* SPDX-License-Identifier: MIT */
/* Must stay true: after pci_bus_bar() all registers are what they were before. */
#include "pci/pci.h"

#include "pci/registers.h"

enum { PENDING_NS = 4000000, PENDING_STEP_NS = 100000 };

static uint32_t get(const struct pci_bus *pci, const struct pci_function *function, uint32_t offset,
                    uint32_t width)
{
    return pci->access.read(pci->access.context, function->id, offset, width);
}

static void set(const struct pci_bus *pci, const struct pci_function *function, uint32_t offset,
                uint32_t width, uint32_t value)
{
    pci->access.write(pci->access.context, function->id, offset, width, value);
}

/* Which bits of an address register can be written. */
static uint32_t probe(const struct pci_bus *pci, const struct pci_function *function,
                      uint32_t offset, uint32_t *before)
{
    *before = get(pci, function, offset, 4);
    set(pci, function, offset, 4, UINT32_MAX);
    uint32_t mask = get(pci, function, offset, 4);

    set(pci, function, offset, 4, *before);
    return mask;
}

/* Is this the second half of the register before it? */
static bool is_upper_half(const struct pci_bus *pci, const struct pci_function *function,
                          uint32_t number)
{
    bool is_upper = false;

    for (uint32_t i = 0; i < number; i++) {
        uint32_t low = get(pci, function, PCI_BAR_FIRST + 4 * i, 4);

        is_upper =
            !is_upper && (low & PCI_BAR_IS_PORTS) == 0 && (low & PCI_BAR_TYPE) == PCI_BAR_64_BITS;
    }
    return is_upper;
}

static struct pci_bar size_ports(const struct pci_bus *pci, const struct pci_function *function,
                                 uint32_t offset)
{
    uint32_t before;
    uint32_t mask = probe(pci, function, offset, &before) & ~3u & 0xffffu;

    return (struct pci_bar){ .base = before & ~3u & 0xffffu,
                             .bytes = mask & (~mask + 1u),
                             .flags = PCI_BAR_FLAG_PORTS };
}

static struct pci_bar size_memory(const struct pci_bus *pci, const struct pci_function *function,
                                  uint32_t offset, bool is_64)
{
    uint32_t low;
    uint32_t high = 0;
    uint64_t mask = probe(pci, function, offset, &low) & ~15u;

    if (is_64) {
        mask |= (uint64_t)probe(pci, function, offset + 4, &high) << 32;
    }
    return (struct pci_bar){
        .base = (uint64_t)high << 32 | (low & ~15u),
        .bytes = mask & (~mask + 1u), /* the lowest bit that can be written */
        .flags = ((low & PCI_BAR_PREFETCHABLE) ? PCI_BAR_FLAG_PREFETCHABLE : 0u) |
                 (is_64 ? PCI_BAR_FLAG_64_BITS : 0u),
    };
}

struct pci_bar pci_bus_bar(const struct pci_bus *pci, const struct pci_function *function,
                           uint32_t number)
{
    uint32_t offset = PCI_BAR_FIRST + 4 * number;
    struct pci_bar bar = { 0 };

    if (number >= PCI_BARS || function->header != PCI_HEADER_DEVICE ||
        is_upper_half(pci, function, number)) {
        return bar;
    }
    uint32_t command = get(pci, function, PCI_COMMAND, 2);
    uint32_t low = get(pci, function, offset, 4);
    bool is_64 = (low & PCI_BAR_TYPE) == PCI_BAR_64_BITS;

    /* While its address is being probed it must answer nowhere. */
    set(pci, function, PCI_COMMAND, 2, command & ~(PCI_COMMAND_MEMORY | PCI_COMMAND_IO));
    if (low & PCI_BAR_IS_PORTS) {
        bar = size_ports(pci, function, offset);
    } else if (!is_64 || number + 1 < PCI_BARS) {
        bar = size_memory(pci, function, offset, is_64);
    }
    set(pci, function, PCI_COMMAND, 2, command);
    if (bar.bytes == 0 || bar.base % bar.bytes != 0) {
        bar = (struct pci_bar){ 0 }; /* what no device would say */
    }
    return bar;
}

void pci_bus_enable(const struct pci_bus *pci, const struct pci_function *function, bool master)
{
    uint32_t command = get(pci, function, PCI_COMMAND, 2) | PCI_COMMAND_MEMORY;

    if (master) {
        command |= PCI_COMMAND_MASTER | PCI_COMMAND_LINES_OFF;
        if (function->msix != 0) {
            uint32_t control = get(pci, function, function->msix + PCI_MSIX_CONTROL, 2);

            set(pci, function, function->msix + PCI_MSIX_CONTROL, 2,
                (control | PCI_MSIX_ENABLE) & ~PCI_MSIX_MASK_ALL);
        }
    }
    set(pci, function, PCI_COMMAND, 2, command);
}

err_t pci_bus_disable(const struct pci_bus *pci, const struct pci_function *function)
{
    set(pci, function, PCI_COMMAND, 2, get(pci, function, PCI_COMMAND, 2) & ~PCI_COMMAND_MASTER);
    if (function->express == 0) {
        return ERR_OK; /* conventional devices do not say */
    }
    for (uint32_t waited = 0; waited <= PENDING_NS; waited += PENDING_STEP_NS) {
        if ((get(pci, function, function->express + PCI_EXPRESS_STATUS, 2) & PCI_EXPRESS_PENDING) ==
            0) {
            return ERR_OK;
        }
        pci->access.wait(pci->access.context, PENDING_STEP_NS);
    }
    return ERR_TIMED_OUT;
}
