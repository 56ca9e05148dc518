/* SPDX-License-Identifier: MIT */
/* Must stay true: a scan writes nothing, and looks at each bus at most once. */
#include "pci/pci.h"

#include "pci/registers.h"

enum { DEVICES = 32, FUNCTIONS = 8 };

struct scan {
    struct pci_bus *pci;
    uint8_t is_known[PCI_BUSES_MAX];
    uint32_t queue[PCI_BUSES_MAX]; /* buses to look at */
    uint32_t queued;
};

static uint32_t read_of(const struct pci_bus *pci, pci_id_t id, uint32_t offset, uint32_t width)
{
    return pci->access.read(pci->access.context, id, offset, width);
}

/* For pci_capability_next(). */
struct reading {
    const struct pci_bus *pci;
    pci_id_t id;
};

static err_t read_for_list(void *context, uint32_t offset, uint32_t width, uint32_t *value)
{
    const struct reading *reading = context;

    *value = read_of(reading->pci, reading->id, offset, width);
    return ERR_OK;
}

static void note_virtio(const struct pci_bus *pci, struct pci_function *function, uint32_t at)
{
    if (function->vendor != PCI_VENDOR_VIRTIO) {
        return;
    }
    switch (read_of(pci, function->id, at + PCI_VIRTIO_KIND, 1)) {
    case PCI_VIRTIO_COMMON:
        if (function->virtio_common == 0) {
            function->virtio_common = at; /* the first counts */
        }
        break;
    case PCI_VIRTIO_KIND_WINDOW:
        if (function->virtio_window == 0 && at + PCI_VIRTIO_WINDOW + 4 <= 256) {
            function->virtio_window = at;
        }
        break;
    default:
        break;
    }
}

/* Those that are used have at most these bytes; one that runs out of the first 256 is not believed. */
static uint32_t capability_bytes(uint32_t kind)
{
    switch (kind) {
    case PCI_CAP_POWER:
        return 8;
    case PCI_CAP_EXPRESS:
    case PCI_CAP_MSIX:
        return 12;
    case PCI_CAP_ADVANCED:
        return 6;
    case PCI_CAP_VENDOR:
        return 16;
    default:
        return 2;
    }
}

static void note_capability(struct pci_bus *pci, struct pci_function *function, uint32_t kind,
                            uint32_t at)
{
    if (at + capability_bytes(kind) > 256) {
        pci->bad_lists++;
        return;
    }
    switch (kind) {
    case PCI_CAP_POWER:
        function->power = at;
        break;
    case PCI_CAP_EXPRESS:
        function->express = at;
        break;
    case PCI_CAP_ADVANCED:
        function->advanced = at;
        break;
    case PCI_CAP_MSIX:
        function->msix = at;
        function->found_msix = read_of(pci, function->id, at + PCI_MSIX_CONTROL, 2);
        function->vectors = (function->found_msix & PCI_MSIX_SIZE) + 1;
        break;
    case PCI_CAP_VENDOR:
        note_virtio(pci, function, at);
        break;
    default:
        break;
    }
}

static void find_capabilities(struct pci_bus *pci, struct pci_function *function)
{
    struct reading reading = { pci, function->id };
    struct pci_list list = { .read = read_for_list, .context = &reading };

    do {
        if (pci_capability_next(&list)) {
            pci->bad_lists++; /* what came before it counts */
            return;
        }
        if (list.at != 0) {
            note_capability(pci, function, list.kind, list.at);
        }
    } while (list.at != 0);
}

static void find_bridge(struct scan *scan, pci_id_t id)
{
    uint32_t bus = read_of(scan->pci, id, PCI_SECONDARY_BUS, 1);

    if (bus >= scan->pci->access.buses || bus >= PCI_BUSES_MAX || scan->is_known[bus]) {
        scan->pci->bad_bridges++;
        return;
    }
    scan->is_known[bus] = 1;
    scan->queue[scan->queued++] = bus;
}

static void add_function(struct scan *scan, pci_id_t id, uint32_t vendor)
{
    struct pci_bus *pci = scan->pci;
    struct pci_function *function = &pci->functions[pci->count];

    if (pci->count == PCI_FUNCTIONS_MAX) {
        pci->left_out++;
        return;
    }
    pci->count++;
    *function = (struct pci_function){ .id = id, .vendor = vendor };
    function->device = read_of(pci, id, PCI_DEVICE_NUMBER, 2);
    function->class = read_of(pci, id, PCI_REVISION, 4) >> 8;
    function->header = read_of(pci, id, PCI_HEADER, 1) & PCI_HEADER_TYPE;
    function->found_line = read_of(pci, id, PCI_INTERRUPT_LINE, 1);
    if (function->header == PCI_HEADER_DEVICE) {
        for (uint32_t i = 0; i < PCI_BARS; i++) {
            function->found_bars[i] = read_of(pci, id, PCI_BAR_FIRST + 4 * i, 4);
        }
    }
    find_capabilities(pci, function);
    if (function->header == PCI_HEADER_BRIDGE) {
        find_bridge(scan, id);
    }
}

static void scan_device(struct scan *scan, pci_id_t first)
{
    uint32_t header = read_of(scan->pci, first, PCI_HEADER, 1);
    uint32_t functions = (header & PCI_HEADER_MANY) ? FUNCTIONS : 1;

    for (uint32_t i = 0; i < functions; i++) {
        uint32_t vendor = read_of(scan->pci, first + i, PCI_VENDOR_NUMBER, 2);

        if (vendor != PCI_NO_VENDOR) {
            add_function(scan, first + i, vendor);
        } else if (i == 0) {
            return; /* a device has a function 0 */
        }
    }
}

/* By insertion: buses come nearly in order. */
static void sort_by_id(struct pci_bus *pci)
{
    for (uint32_t i = 1; i < pci->count; i++) {
        struct pci_function moved = pci->functions[i];
        uint32_t at = i;

        while (at > 0 && pci->functions[at - 1].id > moved.id) {
            pci->functions[at] = pci->functions[at - 1];
            at--;
        }
        pci->functions[at] = moved;
    }
}

void pci_bus_scan(struct pci_bus *pci, const struct pci_access *access)
{
    struct scan scan = { .pci = pci, .queued = 1 };

    pci->access = *access;
    pci->count = pci->bad_lists = pci->bad_bridges = pci->left_out = 0;
    scan.is_known[0] = 1;
    for (uint32_t next = 0; next < scan.queued && access->buses != 0; next++) {
        for (uint32_t device = 0; device < DEVICES; device++) {
            scan_device(&scan, scan.queue[next] << 8 | device << 3);
        }
    }
    sort_by_id(pci);
}

const struct pci_function *pci_bus_find(const struct pci_bus *pci, pci_id_t id)
{
    for (uint32_t i = 0; i < pci->count; i++) {
        if (pci->functions[i].id == id) {
            return &pci->functions[i];
        }
    }
    return (void *)0;
}
