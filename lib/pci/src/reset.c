/* SPDX-License-Identifier: MIT */
/* Three ways of resetting, from mild to rough. Must stay true: each ends within its bound of waiting. */
#include "pci/pci.h"

#include "pci/registers.h"

#define MS 1000000u

enum { VIRTIO_POLLS = 50, RESET_NS = 100 * MS, POWER_NS = 10 * MS };

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

static void wait(const struct pci_bus *pci, ns_t ns)
{
    pci->access.wait(pci->access.context, ns);
}

/* Virtio 1.2, 4.1.4.9: an access to a BAR by way of configuration space. 2.1: the device is reset when it reads 0. */
static bool reset_virtio(const struct pci_bus *pci, const struct pci_function *function)
{
    uint32_t window = function->virtio_window;
    uint32_t common = function->virtio_common;

    if (window == 0 || common == 0) {
        return false;
    }
    set(pci, function, window + PCI_VIRTIO_BAR, 1, get(pci, function, common + PCI_VIRTIO_BAR, 1));
    set(pci, function, window + PCI_VIRTIO_OFFSET, 4,
        get(pci, function, common + PCI_VIRTIO_OFFSET, 4) + PCI_VIRTIO_COMMON_STATUS);
    set(pci, function, window + PCI_VIRTIO_BYTES, 4, 1);
    set(pci, function, window + PCI_VIRTIO_WINDOW, 1, 0);
    for (uint32_t i = 0; i < VIRTIO_POLLS; i++) {
        if (get(pci, function, window + PCI_VIRTIO_WINDOW, 1) == 0) {
            return true;
        }
        wait(pci, MS / 10);
    }
    return false;
}

static bool is_back(const struct pci_bus *pci, const struct pci_function *function)
{
    return get(pci, function, PCI_VENDOR_NUMBER, 2) == function->vendor &&
           get(pci, function, PCI_DEVICE_NUMBER, 2) == function->device;
}

/* PCI Express Base 6.6.2: the function may be silent for 100 ms. */
static bool reset_function(const struct pci_bus *pci, const struct pci_function *function)
{
    if (function->express != 0 &&
        (get(pci, function, function->express + PCI_EXPRESS_CAPABILITIES, 4) &
         PCI_EXPRESS_CAN_RESET) != 0) {
        uint32_t control = get(pci, function, function->express + PCI_EXPRESS_CONTROL, 2);

        set(pci, function, function->express + PCI_EXPRESS_CONTROL, 2, control | PCI_EXPRESS_RESET);
    } else if (function->advanced != 0 &&
               (get(pci, function, function->advanced + PCI_ADVANCED_CAPABILITIES, 1) &
                PCI_ADVANCED_CAN_RESET) != 0) {
        set(pci, function, function->advanced + PCI_ADVANCED_CONTROL, 1, PCI_ADVANCED_RESET);
    } else {
        return false;
    }
    wait(pci, RESET_NS);
    return is_back(pci, function);
}

/* PCI Power Management 1.2, 5.4: 10 ms each way. */
static bool reset_power(const struct pci_bus *pci, const struct pci_function *function)
{
    if (function->power == 0) {
        return false;
    }
    uint32_t at = function->power + PCI_POWER_CONTROL;
    uint32_t control = get(pci, function, at, 2);

    if (control & PCI_POWER_KEEPS) {
        return false;
    }
    set(pci, function, at, 2, control | PCI_POWER_D3HOT);
    wait(pci, POWER_NS);
    set(pci, function, at, 2, control & ~PCI_POWER_STATE);
    wait(pci, POWER_NS);
    return is_back(pci, function) && (get(pci, function, at, 2) & PCI_POWER_STATE) == 0;
}

static void put_back(const struct pci_bus *pci, const struct pci_function *function)
{
    if (function->header == PCI_HEADER_DEVICE) {
        for (uint32_t i = 0; i < PCI_BARS; i++) {
            set(pci, function, PCI_BAR_FIRST + 4 * i, 4, function->found_bars[i]);
        }
    }
    set(pci, function, PCI_INTERRUPT_LINE, 1, function->found_line);
    if (function->msix != 0) {
        set(pci, function, function->msix + PCI_MSIX_CONTROL, 2, function->found_msix);
    }
}

err_t pci_bus_reset(const struct pci_bus *pci, const struct pci_function *function,
                    enum pci_reset_way *how)
{
    uint32_t command = get(pci, function, PCI_COMMAND, 2);
    err_t err = ERR_OK;

    /* It answers nowhere until its addresses are right again. */
    set(pci, function, PCI_COMMAND, 2, command & ~(PCI_COMMAND_MASTER | PCI_COMMAND_MEMORY));
    if (reset_virtio(pci, function)) {
        *how = PCI_RESET_VIRTIO;
    } else if (reset_function(pci, function)) {
        *how = PCI_RESET_FUNCTION;
    } else if (reset_power(pci, function)) {
        *how = PCI_RESET_POWER;
    } else {
        err = ERR_IO;
    }
    put_back(pci, function);
    set(pci, function, PCI_COMMAND, 2, command & ~PCI_COMMAND_MASTER);
    return err;
}
