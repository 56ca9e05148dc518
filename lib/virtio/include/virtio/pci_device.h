/* SPDX-License-Identifier: MIT */
/* A virtio device by way of lib/driver: registers in memory ranges. */
#pragma once

#include "abi/errors.h"
#include "driver/driver.h"
#include "virtio/device.h"
#include "virtio/queue.h"

struct virtio_pci {
    struct driver *driver;        /* borrowed, as long as the device is used */
    user_addr_t at[VIRTIO_PARTS]; /* 0: there is no such part */
    struct virtio_device device;
};

/**
 * virtio_pci_open() - find and map the structures of the driver's device. @virtio must stay where it is.
 * Errors: ERR_RANGE  a structure lies outside its memory range. Those of virtio_layout_find(), driver_bar_map().
 */
MUST_CHECK err_t virtio_pci_open(struct virtio_pci *virtio, struct driver *driver);

/** virtio_pci_memory() - memory for a queue. Errors: those of driver_memory_create(). */
MUST_CHECK err_t virtio_pci_memory(struct virtio_pci *virtio, uint32_t slots, uint32_t segments_max,
                                   struct virtio_memory *memory);
