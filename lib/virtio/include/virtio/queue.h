/* SPDX-License-Identifier: MIT */
/*
 * A split virtqueue. The driver numbers its requests itself: slot 0 to slots - 1, each in flight at most once,
 * each of at most segments_max pieces of memory that the device may read or write.
 *
 *     virtio_queue_add() ..., virtio_queue_publish()
 *     virtio_queue_take() until WOULD_BLOCK; then virtio_queue_rest(): true means wait for the interrupt
 *
 * The device writes what it likes into its ring. An index that jumps, a slot that is not in flight: counted, and
 * the queue is stopped (ERR_IO) until the device was reset and the queue opened anew. A length that is more than
 * the request had room for counts as none.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "virtio/device.h"

#define VIRTIO_SLOTS_MAX 256u
#define VIRTIO_SEGMENTS_MAX 32u

/* Memory of the driver's that the device reaches: `at` is here what `address` is there. */
struct virtio_memory {
    void *at;
    uint64_t address;
    uint64_t bytes;
};

struct virtio_segment {
    uint64_t address; /* as the device sees it */
    uint32_t bytes;
    bool is_written; /* by the device; those come last */
};

struct virtio_queue_spec {
    uint32_t number;
    uint32_t slots;                     /* wanted; it may get fewer */
    uint32_t segments_max;              /* of one request */
    uint32_t vector;                    /* of MSI-X */
    const struct virtio_memory *memory; /* virtio_queue_bytes() of it, aligned to 4096 */
};

struct virtio_descriptor {
    uint64_t address;
    uint32_t bytes;
    uint16_t flags;
    uint16_t next;
};

struct virtio_used {
    _Atomic uint32_t id;
    _Atomic uint32_t bytes;
};

/* Invariant: in_flight counts the slots for which is_in_flight is set. */
struct virtio_queue {
    struct virtio_device *device; /* borrowed, as long as the queue is used */
    uint32_t number;
    uint32_t size;  /* of its rings */
    uint32_t slots; /* that may be used */
    uint32_t segments_max;
    uint32_t notify_at; /* in the part NOTIFY */
    bool is_indirect;
    bool has_event_index;

    /* Shared with the device. */
    volatile struct virtio_descriptor *descriptors;
    _Atomic uint16_t *driver_ring; /* flags, index, size entries, used_event */
    _Atomic uint16_t *device_ring; /* flags, index, size of struct virtio_used, avail_event */
    volatile struct virtio_descriptor *tables; /* segments_max for each slot */
    uint64_t tables_address;

    /* Ours alone. */
    uint16_t added;     /* index of the driver's ring */
    uint16_t published; /* what the device has been shown of it */
    uint16_t taken;     /* index of the device's ring */
    bool is_stopped;
    uint32_t in_flight;
    uint64_t lies;
    uint64_t notifications;
    bool is_in_flight[VIRTIO_SLOTS_MAX];
    uint32_t writable[VIRTIO_SLOTS_MAX]; /* bytes that the device may write */
};

/** virtio_queue_bytes() - memory for as many slots, whatever size the device's queue has. */
uint64_t virtio_queue_bytes(uint32_t slots, uint32_t segments_max);

/**
 * virtio_queue_open() - set a queue up; between virtio_start() and virtio_ready(). Its memory is cleared.
 * Errors: ERR_RANGE     numbers in the spec, or what the device says of the queue, are not possible.
 *         ERR_NO_ENTRY  the device has no such queue.
 *         ERR_IO        the device has no room for the vector.
 */
MUST_CHECK err_t virtio_queue_open(struct virtio_queue *queue, struct virtio_device *device,
                                   const struct virtio_queue_spec *spec);

/**
 * virtio_queue_add() - hand a request to the device, which sees it after virtio_queue_publish().
 * Errors: ERR_RANGE  no such slot, or too many segments or none. ERR_BUSY  the slot is in flight.
 *         ERR_IO     the queue is stopped.
 */
MUST_CHECK err_t virtio_queue_add(struct virtio_queue *queue, uint32_t slot,
                                  const struct virtio_segment *segments, uint32_t count);

/** virtio_queue_publish() - show the device what was added, and notify it unless it said not to. */
void virtio_queue_publish(struct virtio_queue *queue);

/**
 * virtio_queue_take() - the next request that the device is done with.
 * @written: bytes that it says it wrote; 0 if it lies.
 * Errors: ERR_WOULD_BLOCK  there is none. ERR_IO  the device lies, or did before: reset it.
 */
MUST_CHECK err_t virtio_queue_take(struct virtio_queue *queue, uint32_t *slot, uint32_t *written);

/** virtio_queue_rest() - ask for an interrupt. True: wait for it; false: there is work, do not. */
bool virtio_queue_rest(struct virtio_queue *queue);
