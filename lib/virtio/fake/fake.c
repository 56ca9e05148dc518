/* SPDX-License-Identifier: MIT */
#include "virtio_fake/fake.h"

#include <stdlib.h>
#include <string.h>

#include "virtio/registers.h"

static struct fake_queue *selected(struct fake_virtio *fake)
{
    return fake->queue_select < FAKE_QUEUES ? &fake->queues[fake->queue_select] : NULL;
}

static uint32_t read_queue(const struct fake_queue *queue, uint32_t offset)
{
    switch (offset) {
    case VIRTIO_REG_QUEUE_SIZE:
        return queue->size;
    case VIRTIO_REG_QUEUE_VECTOR:
        return queue->vector;
    case VIRTIO_REG_QUEUE_ENABLE:
        return queue->enabled;
    case VIRTIO_REG_QUEUE_NOTIFY:
        return queue->notify;
    default:
        return 0;
    }
}

static uint32_t read_common(struct fake_virtio *fake, uint32_t offset)
{
    switch (offset) {
    case VIRTIO_REG_DEVICE_FEATURE:
        return fake->feature_select < 2 ? (uint32_t)(fake->offers >> 32 * fake->feature_select) : 0;
    case VIRTIO_REG_CONFIG_VECTOR:
        return fake->config_vector;
    case VIRTIO_REG_QUEUES:
        return FAKE_QUEUES;
    case VIRTIO_REG_STATUS:
        return fake->status;
    case VIRTIO_REG_GENERATION:
        fake->generation += fake->always_changes;
        return fake->generation & 0xff;
    default:
        return selected(fake) != NULL ? read_queue(selected(fake), offset) : 0;
    }
}

static uint32_t fake_read(void *context, enum virtio_part part, uint32_t offset, uint32_t width)
{
    struct fake_virtio *fake = context;
    uint32_t value = 0;

    if (offset % width != 0 || offset + width > fake->driver.layout.parts[part].bytes) {
        fake->bad_accesses++;
        return UINT32_MAX;
    }
    if (part == VIRTIO_PART_COMMON) {
        return read_common(fake, offset);
    }
    if (part == VIRTIO_PART_DEVICE) {
        for (uint32_t i = 0; i < width; i++) {
            value |= (uint32_t)fake->config[offset + i] << 8 * i;
        }
    }
    return value;
}

static void half_set(uint64_t *address, uint32_t which, uint32_t value)
{
    *address = which ? (*address & UINT32_MAX) | (uint64_t)value << 32
                     : (*address & ~(uint64_t)UINT32_MAX) | value;
}

static void write_queue(struct fake_virtio *fake, struct fake_queue *queue, uint32_t offset,
                        uint32_t value)
{
    if (queue->enabled || (fake->status & VIRTIO_STATUS_DRIVER_OK)) {
        fake->bad_accesses++; /* 4.1.4.3.2: not any more */
        return;
    }
    switch (offset) {
    case VIRTIO_REG_QUEUE_SIZE:
        fake->bad_accesses += value > queue->size;
        queue->size = value;
        break;
    case VIRTIO_REG_QUEUE_VECTOR:
        queue->vector = fake->refuses_vectors ? VIRTIO_NO_VECTOR : value;
        break;
    case VIRTIO_REG_QUEUE_ENABLE:
        queue->enabled = value;
        break;
    case VIRTIO_REG_QUEUE_DESCRIPTORS:
    case VIRTIO_REG_QUEUE_DESCRIPTORS + 4:
        half_set(&queue->descriptors, offset & 4, value);
        break;
    case VIRTIO_REG_QUEUE_DRIVER:
    case VIRTIO_REG_QUEUE_DRIVER + 4:
        half_set(&queue->driver, offset & 4, value);
        break;
    case VIRTIO_REG_QUEUE_DEVICE:
    case VIRTIO_REG_QUEUE_DEVICE + 4:
        half_set(&queue->device, offset & 4, value);
        break;
    default:
        fake->bad_accesses++;
    }
}

static void write_status(struct fake_virtio *fake, uint32_t value)
{
    if (value != 0) {
        fake->status = fake->refuses_features ? value & ~VIRTIO_STATUS_FEATURES_OK : value;
    } else if (!fake->never_resets) {
        fake->status = 0;
        fake->accepted = 0;
        for (uint32_t i = 0; i < FAKE_QUEUES; i++) {
            uint32_t notified = fake->queues[i].notified;

            fake->queues[i] = (struct fake_queue){
                .size = 256, .vector = VIRTIO_NO_VECTOR, .notify = i, .notified = notified
            };
        }
    }
}

static void write_common(struct fake_virtio *fake, uint32_t offset, uint32_t value)
{
    switch (offset) {
    case VIRTIO_REG_DEVICE_FEATURE_SELECT:
        fake->feature_select = value;
        break;
    case VIRTIO_REG_DRIVER_FEATURE_SELECT:
        fake->accept_select = value;
        break;
    case VIRTIO_REG_DRIVER_FEATURE:
        half_set(&fake->accepted, fake->accept_select & 1, value);
        break;
    case VIRTIO_REG_CONFIG_VECTOR:
        fake->config_vector = fake->refuses_vectors ? VIRTIO_NO_VECTOR : value;
        break;
    case VIRTIO_REG_STATUS:
        write_status(fake, value);
        break;
    case VIRTIO_REG_QUEUE_SELECT:
        fake->queue_select = value;
        break;
    default:
        if (selected(fake) != NULL) {
            write_queue(fake, selected(fake), offset, value);
        }
    }
}

static void fake_write(void *context, enum virtio_part part, uint32_t offset, uint32_t width,
                       uint32_t value)
{
    struct fake_virtio *fake = context;

    if (offset % width != 0 || offset + width > fake->driver.layout.parts[part].bytes) {
        fake->bad_accesses++;
    } else if (part == VIRTIO_PART_COMMON) {
        write_common(fake, offset, value);
    } else if (part == VIRTIO_PART_NOTIFY && value < FAKE_QUEUES) {
        fake->bad_accesses +=
            offset != fake->driver.layout.notify_step * fake->queues[value].notify;
        fake->queues[value].notified++;
    } else {
        fake->bad_accesses++;
    }
}

void fake_virtio_start(struct fake_virtio *fake)
{
    memset(fake, 0, sizeof(*fake));
    fake->offers = VIRTIO_FEATURE_VERSION_1 | VIRTIO_FEATURE_INDIRECT;
    fake->last_byte = FAKE_FILL;
    fake->driver.io = (struct virtio_io){ fake_read, fake_write, fake };
    fake->driver.layout.parts[VIRTIO_PART_COMMON].bytes = VIRTIO_COMMON_BYTES;
    fake->driver.layout.parts[VIRTIO_PART_NOTIFY].bytes = FAKE_NOTIFY_BYTES;
    fake->driver.layout.parts[VIRTIO_PART_DEVICE].bytes = FAKE_CONFIG_BYTES;
    fake->driver.layout.notify_step = 4;
    write_status(fake, 0);
}

struct virtio_memory fake_memory(uint32_t slots, uint32_t segments_max)
{
    uint64_t bytes = virtio_queue_bytes(slots, segments_max);
    void *at = aligned_alloc(4096, bytes);

    memset(at, 0x5a, bytes);
    return (struct virtio_memory){ at, (uint64_t)(uintptr_t)at + FAKE_SHIFT, bytes };
}

static void *host(uint64_t address)
{
    return (void *)(uintptr_t)(address - FAKE_SHIFT);
}

static bool walk(struct fake_virtio *fake, const struct virtio_descriptor *row, uint32_t first,
                 uint32_t limit, struct fake_request *request)
{
    bool is_writing = false;

    for (uint32_t at = first; request->segments < limit;) {
        bool writes = row[at].flags & VIRTIO_DESCRIPTOR_WRITE;

        if (is_writing && !writes) {
            break; /* 2.7.4.2: what the device writes comes last */
        }
        is_writing = writes;
        request->segments++;
        *(writes ? &request->writable : &request->readable) += row[at].bytes;
        if (writes) {
            memset(host(row[at].address), FAKE_FILL, row[at].bytes);
        }
        if ((row[at].flags & VIRTIO_DESCRIPTOR_NEXT) == 0) {
            if (writes && row[at].bytes > 0) {
                ((uint8_t *)host(row[at].address))[row[at].bytes - 1] = fake->last_byte;
            }
            return true;
        }
        at = row[at].next;
        if (at >= limit + first) {
            break;
        }
    }
    fake->bad_requests++;
    return false;
}

bool fake_take(struct fake_virtio *fake, uint32_t number, struct fake_request *request)
{
    struct fake_queue *queue = &fake->queues[number];
    const uint16_t *ring = host(queue->driver);
    const struct virtio_descriptor *descriptors = host(queue->descriptors);

    if (ring[1] == queue->seen) {
        return false;
    }
    *request = (struct fake_request){ .id = ring[2 + (queue->seen++ & (queue->size - 1))] };
    if (request->id >= queue->size) {
        fake->bad_requests++;
        return true;
    }
    const struct virtio_descriptor *head = &descriptors[request->id];

    if (head->flags & VIRTIO_DESCRIPTOR_INDIRECT) {
        (void)walk(fake, host(head->address), 0, head->bytes / VIRTIO_DESCRIPTOR_BYTES, request);
    } else {
        (void)walk(fake, descriptors, request->id, queue->size - request->id, request);
    }
    return true;
}

void fake_give(struct fake_virtio *fake, uint32_t number, uint32_t id, uint32_t bytes)
{
    struct fake_queue *queue = &fake->queues[number];
    uint16_t *ring = host(queue->device);
    uint32_t *entry = (uint32_t *)(void *)&ring[2] + 2ul * (queue->used & (queue->size - 1));

    entry[0] = id;
    entry[1] = bytes;
    ring[1] = ++queue->used;
}

bool fake_interrupts(struct fake_virtio *fake, uint32_t number, uint16_t before)
{
    struct fake_queue *queue = &fake->queues[number];
    const uint16_t *ring = host(queue->driver);

    if ((fake->accepted & VIRTIO_FEATURE_EVENT_INDEX) == 0) {
        return (ring[0] & VIRTIO_NO_INTERRUPT) == 0 && queue->used != before;
    }
    uint16_t event = ring[2 + queue->size];

    return (uint16_t)(queue->used - event - 1) < (uint16_t)(queue->used - before);
}
