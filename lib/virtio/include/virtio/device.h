/* SPDX-License-Identifier: MIT */
/*
 * A virtio 1.2 device over PCI, from finding its structures to running. What it says is bounded before use;
 * what it says against the rules is counted in lies.
 *
 *     virtio_layout_find()                    where its structures are
 *     virtio_start(), virtio_queue_open()..., virtio_ready()     and again after each virtio_reset()
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "pci/pci.h"

enum virtio_part {
    VIRTIO_PART_COMMON,
    VIRTIO_PART_NOTIFY,
    VIRTIO_PART_ISR,
    VIRTIO_PART_DEVICE,
    VIRTIO_PARTS
};

/* A structure: bytes of a memory range of the device. */
struct virtio_place {
    uint32_t bar;
    uint32_t offset;
    uint32_t bytes; /* 0: there is none */
};

struct virtio_layout {
    struct virtio_place parts[VIRTIO_PARTS];
    uint32_t notify_step;
};

/**
 * virtio_layout_find() - find the structures by the list of capabilities.
 * Whoever maps the ranges must see that each place lies in its range.
 * Errors: ERR_NO_ENTRY  common or notify is missing: no modern device.
 *         ERR_RANGE     the list is damaged, or a structure is too small or wraps. Those of read().
 */
MUST_CHECK err_t virtio_layout_find(pci_reader_t read, void *context, struct virtio_layout *layout);

/* How registers are reached. Offsets lie in the part; width is 1, 2 or 4. */
struct virtio_io {
    uint32_t (*read)(void *context, enum virtio_part part, uint32_t offset, uint32_t width);
    void (*write)(void *context, enum virtio_part part, uint32_t offset, uint32_t width,
                  uint32_t value);
    void *context;
};

struct virtio_device {
    struct virtio_io io;
    struct virtio_layout layout;
    uint64_t features; /* agreed on */
    uint32_t queues;
    uint64_t lies;
};

/**
 * virtio_start() - reset the device and agree on features: @needed, and of @wanted what it offers. VERSION_1
 * is always needed; with @is_remapped so is PLATFORM, without which the device would go past the
 * remapping unit, and be stopped by it.
 * Errors: ERR_NO_ENTRY  a feature that is needed is not offered.
 *         ERR_IO        the device does not reset, or refuses what it offered.
 */
MUST_CHECK err_t virtio_start(struct virtio_device *device, uint64_t wanted, uint64_t needed,
                              bool is_remapped);

/** virtio_ready() - queues are open: go. Errors: ERR_IO  the device has failed already. */
MUST_CHECK err_t virtio_ready(struct virtio_device *device);

/** virtio_reset() - stop the device; it touches no memory afterwards. Errors: ERR_IO  it does not. */
MUST_CHECK err_t virtio_reset(struct virtio_device *device);

/** virtio_has_failed() - it asks to be reset, or is gone. To be asked after each interrupt. */
bool virtio_has_failed(struct virtio_device *device);

/**
 * virtio_config_read() - read 1, 2, 4 or 8 bytes of its own configuration, all of one moment.
 * Errors: ERR_RANGE  the structure is shorter. ERR_IO  it changed all the time.
 */
MUST_CHECK err_t virtio_config_read(struct virtio_device *device, uint32_t offset, uint32_t width,
                                    uint64_t *value);

/** virtio_config_interrupt() - with this vector. Errors: ERR_IO  the device has no room for it. */
MUST_CHECK err_t virtio_config_interrupt(struct virtio_device *device, uint32_t vector);
