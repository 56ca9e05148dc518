/* SPDX-License-Identifier: MIT */
/* Finding a simple device, and giving it memory. */
#include "virtio/simple.h"

static err_t memory_get(struct driver *driver, struct virtio_pci *virtio,
                        struct virtio_buffers *buffers)
{
    struct driver_memory area;
    err_t err = virtio_pci_memory(virtio, buffers->slots, 1, &buffers->rings);

    if (err == ERR_OK) {
        err = driver_memory_create(driver, (uint64_t)buffers->slots * buffers->bytes, &area);
    }
    if (err == ERR_OK) {
        buffers->area = (struct virtio_memory){ area.at, area.address, area.bytes };
    }
    return err;
}

err_t virtio_simple_open(struct virtio_simple *simple, struct driver *driver,
                         struct virtio_pci *virtio, const char **why)
{
    err_t err = driver_open(driver);

    *why = "no device was given";
    if (err == ERR_OK) {
        *why = "its structures";
        err = virtio_pci_open(virtio, driver);
    }
    for (uint32_t i = 0; err == ERR_OK && i < simple->count; i++) {
        *why = "memory";
        err = memory_get(driver, virtio, simple->buffers[i]);
    }
    if (err == ERR_OK) {
        *why = "its interrupt";
        err = driver_irq_start(driver, 0);
    }
    if (err == ERR_OK) {
        *why = "starting it";
        simple->device = &virtio->device;
        simple->is_remapped = driver->io_space != 0;
        err = virtio_simple_start(simple);
    }
    return err;
}
