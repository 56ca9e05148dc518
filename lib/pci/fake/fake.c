/* SPDX-License-Identifier: MIT */
#include "pci_fake/fake.h"

#include <string.h>

#include "pci/registers.h"

uint32_t fake_get(const struct fake_function *function, uint32_t offset, uint32_t width)
{
    uint32_t value = 0;

    for (uint32_t i = 0; i < width; i++) {
        value |= (uint32_t)function->bytes[offset + i] << 8 * i;
    }
    return value;
}

void fake_set(struct fake_function *function, uint32_t offset, uint32_t width, uint32_t value)
{
    for (uint32_t i = 0; i < width; i++) {
        function->bytes[offset + i] = (uint8_t)(value >> 8 * i);
    }
}

static struct fake_function *function_at(struct fake_bus *bus, pci_id_t id, uint32_t offset,
                                         uint32_t width)
{
    if (offset % width != 0 || offset + width > PCI_CONFIG_BYTES || id >> 8 >= FAKE_BUSES) {
        bus->outside++;
        return NULL;
    }
    for (uint32_t i = 0; i < bus->count; i++) {
        if (bus->functions[i].id == id && bus->functions[i].is_there) {
            return &bus->functions[i];
        }
    }
    return NULL;
}

static uint32_t find(const struct fake_function *function, uint32_t kind, uint32_t virtio_kind)
{
    uint32_t at = fake_get(function, PCI_CAPABILITIES, 1);

    for (uint32_t i = 0; i < 48 && at >= 0x40; i++) {
        if (function->bytes[at] == kind &&
            (kind != PCI_CAP_VENDOR || function->bytes[at + PCI_VIRTIO_KIND] == virtio_kind)) {
            return at;
        }
        at = function->bytes[at + 1];
    }
    return 0;
}

static bool is_window(const struct fake_function *function, uint32_t offset)
{
    uint32_t at = find(function, PCI_CAP_VENDOR, PCI_VIRTIO_KIND_WINDOW);

    return at != 0 && offset == at + PCI_VIRTIO_WINDOW;
}

static uint32_t fake_read(void *context, pci_id_t id, uint32_t offset, uint32_t width)
{
    struct fake_function *function = function_at(context, id, offset, width);

    if (function == NULL) {
        return UINT32_MAX >> (32 - 8 * width);
    }
    return is_window(function, offset) ? function->virtio_status
                                       : fake_get(function, offset, width);
}

static void write_bar(struct fake_function *function, uint32_t offset, uint32_t value)
{
    uint32_t number = (offset - PCI_BAR_FIRST) / 4;
    uint32_t old = fake_get(function, offset, 4);
    bool is_upper = number > 0 && function->bar_bytes[number] == 0 &&
                    function->bar_bytes[number - 1] != 0 &&
                    (fake_get(function, offset - 4, 4) & 7) == PCI_BAR_64_BITS;
    uint64_t bytes = function->bar_bytes[is_upper ? number - 1 : number];
    uint64_t keep = bytes == 0 ? 0 : ~(bytes - 1);
    uint32_t low_bits = (old & PCI_BAR_IS_PORTS) ? 3 : 15;

    if (fake_get(function, PCI_COMMAND, 2) & (PCI_COMMAND_MEMORY | PCI_COMMAND_IO)) {
        function->sized_while_on += value == UINT32_MAX;
    }
    if (is_upper) {
        fake_set(function, offset, 4, value & (uint32_t)(keep >> 32));
    } else {
        fake_set(function, offset, 4, (value & (uint32_t)keep & ~low_bits) | (old & low_bits));
    }
}

/* What every reset but a virtio one forgets. */
static void forget(struct fake_function *function, enum pci_reset_way how)
{
    uint32_t msix = find(function, PCI_CAP_MSIX, 0);

    if (function->is_stuck) {
        return;
    }
    function->resets[how]++;
    fake_set(function, PCI_COMMAND, 2, 0);
    for (uint32_t i = 0; i < PCI_BARS; i++) {
        fake_set(function, PCI_BAR_FIRST + 4 * i, 4,
                 function->bar_bytes[i] == 0 ? 0
                                             : fake_get(function, PCI_BAR_FIRST + 4 * i, 1) & 15);
    }
    if (msix != 0) {
        fake_set(function, msix + PCI_MSIX_CONTROL, 2,
                 fake_get(function, msix + PCI_MSIX_CONTROL, 2) & PCI_MSIX_SIZE);
    }
}

static void write_window(struct fake_function *function, uint32_t value)
{
    uint32_t window = find(function, PCI_CAP_VENDOR, PCI_VIRTIO_KIND_WINDOW);
    uint32_t common = find(function, PCI_CAP_VENDOR, PCI_VIRTIO_COMMON);
    bool is_status =
        fake_get(function, window + PCI_VIRTIO_OFFSET, 4) ==
            fake_get(function, common + PCI_VIRTIO_OFFSET, 4) + 20 &&
        function->bytes[window + PCI_VIRTIO_BAR] == function->bytes[common + PCI_VIRTIO_BAR] &&
        fake_get(function, window + PCI_VIRTIO_BYTES, 4) == 1;

    if (is_status && value == 0 && !function->is_stuck) {
        function->virtio_status = 0;
        function->resets[PCI_RESET_VIRTIO]++;
    }
}

static void fake_write(void *context, pci_id_t id, uint32_t offset, uint32_t width, uint32_t value)
{
    struct fake_function *function = function_at(context, id, offset, width);

    if (function == NULL) {
        return;
    }
    uint32_t express = find(function, PCI_CAP_EXPRESS, 0);
    uint32_t power = find(function, PCI_CAP_POWER, 0);

    function->writes++;
    if (is_window(function, offset)) {
        write_window(function, value);
    } else if (offset >= PCI_BAR_FIRST && offset < PCI_BAR_FIRST + 4 * PCI_BARS) {
        write_bar(function, offset, value);
    } else if (express != 0 && offset == express + PCI_EXPRESS_CONTROL &&
               (value & PCI_EXPRESS_RESET)) {
        forget(function, PCI_RESET_FUNCTION);
    } else if (power != 0 && offset == power + PCI_POWER_CONTROL) {
        if ((value & PCI_POWER_STATE) == 0 && (fake_get(function, offset, 2) & PCI_POWER_STATE)) {
            forget(function, PCI_RESET_POWER);
        }
        fake_set(function, offset, width, value);
    } else {
        fake_set(function, offset, width, value);
    }
}

static void fake_wait(void *context, ns_t ns)
{
    struct fake_bus *bus = context;

    bus->waited_ns += ns;
}

void fake_start(struct fake_bus *bus)
{
    memset(bus, 0, sizeof(*bus));
    bus->access = (struct pci_access){ fake_read, fake_write, fake_wait, bus, FAKE_BUSES };
}

struct fake_function *fake_add(struct fake_bus *bus, pci_id_t id, uint32_t vendor, uint32_t device)
{
    struct fake_function *function = &bus->functions[bus->count++];

    memset(function, 0, sizeof(*function));
    function->id = id;
    function->is_there = true;
    fake_set(function, PCI_VENDOR_NUMBER, 2, vendor);
    fake_set(function, PCI_DEVICE_NUMBER, 2, device);
    return function;
}

void fake_capability(struct fake_function *function, uint32_t at, uint32_t kind)
{
    function->bytes[at] = (uint8_t)kind;
    function->bytes[at + 1] = function->bytes[PCI_CAPABILITIES];
    function->bytes[PCI_CAPABILITIES] = (uint8_t)at;
    function->bytes[PCI_STATUS] |= PCI_STATUS_HAS_LIST;
}

void fake_bar(struct fake_function *function, uint32_t number, uint64_t base, uint64_t bytes,
              uint32_t low_bits)
{
    function->bar_bytes[number] = bytes;
    fake_set(function, PCI_BAR_FIRST + 4 * number, 4, (uint32_t)base | low_bits);
    if ((low_bits & 7) == PCI_BAR_64_BITS) {
        fake_set(function, PCI_BAR_FIRST + 4 * number + 4, 4, (uint32_t)(base >> 32));
    }
}
