/* SPDX-License-Identifier: MIT */
/*
 * A virtio device in memory: registers, and queues that it works off when told to, checking what the driver wrote.
 * Device addresses are host addresses plus FAKE_SHIFT. It answers a request by filling what it may
 * write with FAKE_FILL, and the last of it with last_byte. How it lies is up to the test, by its members or by writing the rings.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "virtio/device.h"
#include "virtio/queue.h"

#define FAKE_QUEUES 3u
#define FAKE_CONFIG_BYTES 24u
#define FAKE_NOTIFY_BYTES 12u
#define FAKE_SHIFT 0x100000000000ull
#define FAKE_FILL 0xabu

struct fake_queue {
    uint32_t size; /* as offered, then as the driver chose */
    uint32_t vector;
    uint32_t enabled;
    uint32_t notify; /* its offset for notifications, before the step */
    uint64_t descriptors, driver, device;
    uint16_t seen; /* index of the driver's ring */
    uint16_t used; /* index of its own ring */
    uint32_t notified;
};

struct fake_virtio {
    uint64_t offers;
    uint64_t accepted;
    uint32_t feature_select, accept_select;
    uint32_t status;
    uint32_t config_vector;
    uint32_t queue_select;
    uint32_t generation;
    bool refuses_features;
    bool refuses_vectors;
    bool never_resets;
    bool always_changes; /* its configuration */
    uint8_t last_byte;   /* of what it writes for a request; FAKE_FILL at first */
    uint8_t config[FAKE_CONFIG_BYTES];
    struct fake_queue queues[FAKE_QUEUES];
    uint32_t bad_accesses;       /* of the driver's: outside, misaligned, out of order */
    uint32_t bad_requests;       /* of the driver's: chains that make no sense */
    struct virtio_device driver; /* with io and layout for the driver */
};

struct fake_request {
    uint32_t id;
    uint32_t readable, writable; /* bytes */
    uint32_t segments;
};

void fake_virtio_start(struct fake_virtio *fake);

/* Memory for a queue; FAKE_SHIFT already in its address. Freed by the caller: free(memory.at). */
struct virtio_memory fake_memory(uint32_t slots, uint32_t segments_max);

/* Take the next request off a queue, and fill what it may write. False: there is none. */
bool fake_take(struct fake_virtio *fake, uint32_t number, struct fake_request *request);

/* Give an entry back to the driver, true or not. */
void fake_give(struct fake_virtio *fake, uint32_t number, uint32_t id, uint32_t bytes);

/* Would the device interrupt for entries from `before` to now? */
bool fake_interrupts(struct fake_virtio *fake, uint32_t number, uint16_t before);
