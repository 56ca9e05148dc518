/* SPDX-License-Identifier: MIT */
#include "virtio/pci_device.h"

static uint32_t mmio_read(void *context, enum virtio_part part, uint32_t offset, uint32_t width)
{
    const struct virtio_pci *virtio = context;
    uintptr_t at = virtio->at[part] + offset;

    switch (width) {
    case 1:
        return *(volatile uint8_t *)at;
    case 2:
        return *(volatile uint16_t *)at;
    default:
        return *(volatile uint32_t *)at;
    }
}

static void mmio_write(void *context, enum virtio_part part, uint32_t offset, uint32_t width,
                       uint32_t value)
{
    const struct virtio_pci *virtio = context;
    uintptr_t at = virtio->at[part] + offset;

    switch (width) {
    case 1:
        *(volatile uint8_t *)at = (uint8_t)value;
        break;
    case 2:
        *(volatile uint16_t *)at = (uint16_t)value;
        break;
    default:
        *(volatile uint32_t *)at = value;
        break;
    }
}

static err_t part_map(struct virtio_pci *virtio, enum virtio_part part)
{
    const struct virtio_place *place = &virtio->device.layout.parts[part];
    struct driver_bar bar;
    err_t err;

    if (place->bytes == 0) {
        return ERR_OK;
    }
    err = driver_bar_map(virtio->driver, place->bar, &bar);
    if (err) {
        return err;
    }
    if (place->offset % 4 != 0 || place->offset > bar.bytes ||
        place->bytes > bar.bytes - place->offset) {
        return ERR_RANGE;
    }
    virtio->at[part] = bar.at + place->offset;
    return ERR_OK;
}

err_t virtio_pci_open(struct virtio_pci *virtio, struct driver *driver)
{
    err_t err;

    *virtio = (struct virtio_pci){ .driver = driver };
    virtio->device.io = (struct virtio_io){ mmio_read, mmio_write, virtio };
    err = virtio_layout_find(driver_config_read, driver, &virtio->device.layout);
    for (uint32_t part = 0; part < VIRTIO_PARTS && err == ERR_OK; part++) {
        err = part_map(virtio, part);
    }
    return err;
}

err_t virtio_pci_memory(struct virtio_pci *virtio, uint32_t slots, uint32_t segments_max,
                        struct virtio_memory *memory)
{
    struct driver_memory shared;
    err_t err =
        driver_memory_create(virtio->driver, virtio_queue_bytes(slots, segments_max), &shared);

    if (err) {
        return err;
    }
    *memory = (struct virtio_memory){ shared.at, shared.address, shared.bytes };
    return ERR_OK;
}
