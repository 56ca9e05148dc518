/* SPDX-License-Identifier: MIT */
/*
 * A device whose queues have buffers of their own, for drivers that copy: each slot of a queue has its buffer, to be
 * filled or to be read by the device. What is left to a driver is what the bytes mean.
 *
 *     struct virtio_buffers in = { .number = 0, .slots = 8, .bytes = 64, .is_filled = true };
 *     struct virtio_simple simple = { .buffers = { &in }, .count = 1 };
 *     virtio_simple_open(&simple, &driver, &virtio, &why);
 *     in each round: virtio_buffer_take(), virtio_buffer_add(); virtio_simple_publish()
 *     after an interrupt: virtio_simple_check(); before it sleeps: virtio_simple_rest()
 *
 * A device that lies or fails is reset; then all its buffers are the driver's again (`resets` has changed).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "virtio/device.h"
#include "virtio/pci_device.h"
#include "virtio/queue.h"

#define VIRTIO_SIMPLE_QUEUES 2u

struct virtio_buffers {
    uint32_t number; /* of the queue */
    uint32_t slots;  /* wanted; it may get fewer: queue.slots */
    uint32_t bytes;  /* of each buffer */
    bool is_filled;  /* by the device; else it reads them */
    struct virtio_memory rings, area;
    struct virtio_queue queue;
};

struct virtio_simple {
    struct virtio_buffers *buffers[VIRTIO_SIMPLE_QUEUES];
    uint32_t count;
    struct virtio_device *device;
    bool is_remapped;
    uint64_t resets;
    uint32_t in_vain; /* resets since something was done */
};

/**
 * virtio_simple_open() - find the driver's device, give its queues memory, start it; interrupt 0 is that of all queues.
 * @why: on an error, for people. Errors: those of the functions of lib/driver and lib/virtio.
 */
MUST_CHECK err_t virtio_simple_open(struct virtio_simple *simple, struct driver *driver,
                                    struct virtio_pci *virtio, const char **why);

/** virtio_simple_start() - from reset to running, with memory that is there. Errors: those of virtio_start() and the like. */
MUST_CHECK err_t virtio_simple_start(struct virtio_simple *simple);

/**
 * virtio_simple_check() - reset the device if it lied or failed, or if the driver says that it @is_late.
 * False: it is beyond help.
 */
bool virtio_simple_check(struct virtio_simple *simple, bool is_late);

/** virtio_simple_is_stopped() - the device lied, and nothing goes on before virtio_simple_check(). */
bool virtio_simple_is_stopped(const struct virtio_simple *simple);

/** virtio_buffer_at() - the buffer of a slot. Memory that the device may write: to be read once. */
void *virtio_buffer_at(const struct virtio_buffers *buffers, uint32_t slot);

/** virtio_buffer_add() - let the device fill, or read, the first @bytes of it. Errors: those of virtio_queue_add(). */
MUST_CHECK err_t virtio_buffer_add(struct virtio_buffers *buffers, uint32_t slot, uint32_t bytes);

/** virtio_buffer_take() - one that the device is done with. Errors: those of virtio_queue_take(). */
MUST_CHECK err_t virtio_buffer_take(struct virtio_simple *simple, struct virtio_buffers *buffers,
                                    uint32_t *slot, uint32_t *written);

/** virtio_simple_publish() - show the device what was added. */
void virtio_simple_publish(struct virtio_simple *simple);

/** virtio_simple_rest() - ask for an interrupt. True: wait for it; false: something is done, or to be checked. */
bool virtio_simple_rest(struct virtio_simple *simple);
