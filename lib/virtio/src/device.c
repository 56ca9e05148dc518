/* SPDX-License-Identifier: MIT */
/* The order of steps is that of Virtio 1.2, 3.1.1. */
#include "virtio/device.h"

#include "virtio/registers.h"

enum { RESET_POLLS = 100000, GENERATION_TRIES = 16 };

static uint32_t get(struct virtio_device *device, uint32_t offset, uint32_t width)
{
    return device->io.read(device->io.context, VIRTIO_PART_COMMON, offset, width);
}

static void set(struct virtio_device *device, uint32_t offset, uint32_t width, uint32_t value)
{
    device->io.write(device->io.context, VIRTIO_PART_COMMON, offset, width, value);
}

static void status_add(struct virtio_device *device, uint32_t bits)
{
    set(device, VIRTIO_REG_STATUS, 1, get(device, VIRTIO_REG_STATUS, 1) | bits);
}

err_t virtio_reset(struct virtio_device *device)
{
    set(device, VIRTIO_REG_STATUS, 1, 0);
    for (uint32_t i = 0; i < RESET_POLLS; i++) {
        if (get(device, VIRTIO_REG_STATUS, 1) == 0) {
            return ERR_OK;
        }
    }
    device->lies++;
    return ERR_IO;
}

static uint64_t offered(struct virtio_device *device)
{
    set(device, VIRTIO_REG_DEVICE_FEATURE_SELECT, 4, 0);
    uint64_t low = get(device, VIRTIO_REG_DEVICE_FEATURE, 4);

    set(device, VIRTIO_REG_DEVICE_FEATURE_SELECT, 4, 1);
    return low | (uint64_t)get(device, VIRTIO_REG_DEVICE_FEATURE, 4) << 32;
}

static void accept(struct virtio_device *device, uint64_t features)
{
    set(device, VIRTIO_REG_DRIVER_FEATURE_SELECT, 4, 0);
    set(device, VIRTIO_REG_DRIVER_FEATURE, 4, (uint32_t)features);
    set(device, VIRTIO_REG_DRIVER_FEATURE_SELECT, 4, 1);
    set(device, VIRTIO_REG_DRIVER_FEATURE, 4, (uint32_t)(features >> 32));
}

err_t virtio_start(struct virtio_device *device, uint64_t wanted, uint64_t needed, bool is_remapped)
{
    err_t err = virtio_reset(device);

    if (err) {
        return err;
    }
    needed |= VIRTIO_FEATURE_VERSION_1 | (is_remapped ? VIRTIO_FEATURE_PLATFORM : 0);
    /* A device that wants remapped addresses takes physical ones where nothing remaps. */
    wanted |= needed | VIRTIO_FEATURE_PLATFORM;
    status_add(device, VIRTIO_STATUS_ACKNOWLEDGE);
    status_add(device, VIRTIO_STATUS_DRIVER);
    device->features = offered(device) & wanted;
    if ((device->features & needed) != needed) {
        status_add(device, VIRTIO_STATUS_FAILED);
        return ERR_NO_ENTRY;
    }
    accept(device, device->features);
    status_add(device, VIRTIO_STATUS_FEATURES_OK);
    if ((get(device, VIRTIO_REG_STATUS, 1) & VIRTIO_STATUS_FEATURES_OK) == 0) {
        status_add(device, VIRTIO_STATUS_FAILED);
        return ERR_IO;
    }
    device->queues = get(device, VIRTIO_REG_QUEUES, 2);
    return ERR_OK;
}

err_t virtio_ready(struct virtio_device *device)
{
    status_add(device, VIRTIO_STATUS_DRIVER_OK);
    return virtio_has_failed(device) ? ERR_IO : ERR_OK;
}

/* A device that is gone reads as ones. */
bool virtio_has_failed(struct virtio_device *device)
{
    uint32_t status = get(device, VIRTIO_REG_STATUS, 1);

    return (status & (VIRTIO_STATUS_NEEDS_RESET | VIRTIO_STATUS_FAILED)) != 0 ||
           (status & VIRTIO_STATUS_DRIVER_OK) == 0;
}

static uint64_t config_once(struct virtio_device *device, uint32_t offset, uint32_t width)
{
    void *context = device->io.context;

    if (width < 8) {
        return device->io.read(context, VIRTIO_PART_DEVICE, offset, width);
    }
    uint64_t low = device->io.read(context, VIRTIO_PART_DEVICE, offset, 4);

    return low | (uint64_t)device->io.read(context, VIRTIO_PART_DEVICE, offset + 4, 4) << 32;
}

err_t virtio_config_read(struct virtio_device *device, uint32_t offset, uint32_t width,
                         uint64_t *value)
{
    uint32_t bytes = device->layout.parts[VIRTIO_PART_DEVICE].bytes;

    if (offset > bytes || width > bytes - offset) {
        return ERR_RANGE;
    }
    for (uint32_t i = 0; i < GENERATION_TRIES; i++) {
        uint32_t before = get(device, VIRTIO_REG_GENERATION, 1);
        uint64_t read = config_once(device, offset, width);

        if (get(device, VIRTIO_REG_GENERATION, 1) == before) {
            *value = read;
            return ERR_OK;
        }
    }
    device->lies++;
    return ERR_IO;
}

err_t virtio_config_interrupt(struct virtio_device *device, uint32_t vector)
{
    set(device, VIRTIO_REG_CONFIG_VECTOR, 2, vector);
    return get(device, VIRTIO_REG_CONFIG_VECTOR, 2) == vector ? ERR_OK : ERR_IO;
}
