/* SPDX-License-Identifier: MIT */
/*
 * Slot n has the row of segments_max descriptors that begins at n * segments_max: in tables of its own where the
 * device takes indirect ones (its head is then descriptor n), else in the queue itself. So there is no list of
 * free descriptors that could be damaged, and an id from the device is checked by its slot alone.
 * Must stay true: nothing that the device can write is read twice, or used without bounds.
 */
#include "virtio/queue.h"

#include "virtio/registers.h"

enum { ALIGN = 4096, RING_FLAGS = 0, RING_INDEX = 1, RING_FIRST = 2, SIZE_MAX_OF_DEVICE = 32768 };

static uint64_t aligned(uint64_t bytes)
{
    return (bytes + ALIGN - 1) & ~(uint64_t)(ALIGN - 1);
}

/* Where things are in a queue's memory. */
struct places {
    uint64_t driver, device, tables, end;
};

static struct places places_for(uint32_t size, uint32_t slots, uint32_t segments_max)
{
    struct places places;

    places.driver = (uint64_t)VIRTIO_DESCRIPTOR_BYTES * size;
    places.device = aligned(places.driver + 2u * (RING_FIRST + size + 1));
    places.tables = aligned(places.device + 4 + 8ull * size + 2);
    places.end = aligned(places.tables + (uint64_t)VIRTIO_DESCRIPTOR_BYTES * slots * segments_max);
    return places;
}

uint64_t virtio_queue_bytes(uint32_t slots, uint32_t segments_max)
{
    return places_for(VIRTIO_SLOTS_MAX, slots, segments_max).end;
}

static uint32_t get(struct virtio_queue *queue, uint32_t offset)
{
    return queue->device->io.read(queue->device->io.context, VIRTIO_PART_COMMON, offset, 2);
}

static void set(struct virtio_queue *queue, uint32_t offset, uint32_t width, uint32_t value)
{
    queue->device->io.write(queue->device->io.context, VIRTIO_PART_COMMON, offset, width, value);
}

static void set_address(struct virtio_queue *queue, uint32_t offset, uint64_t address)
{
    set(queue, offset, 4, (uint32_t)address);
    set(queue, offset + 4, 4, (uint32_t)(address >> 32));
}

static void memory_clear(const struct virtio_memory *memory)
{
    volatile uint64_t *words = memory->at;

    for (uint64_t i = 0; i < memory->bytes / sizeof(*words); i++) {
        words[i] = 0;
    }
}

/* What the device says of the queue that is selected. */
static err_t size_find(struct virtio_queue *queue, const struct virtio_queue_spec *spec)
{
    uint32_t size = get(queue, VIRTIO_REG_QUEUE_SIZE);
    uint64_t notify =
        (uint64_t)get(queue, VIRTIO_REG_QUEUE_NOTIFY) * queue->device->layout.notify_step;
    uint32_t notify_bytes = queue->device->layout.parts[VIRTIO_PART_NOTIFY].bytes;

    if (size == 0) {
        return ERR_NO_ENTRY;
    }
    if (size > SIZE_MAX_OF_DEVICE || (size & (size - 1)) != 0 || notify_bytes < 2 ||
        notify > notify_bytes - 2 || notify % 2 != 0) {
        queue->device->lies++;
        return ERR_RANGE;
    }
    queue->size = size < VIRTIO_SLOTS_MAX ? size : VIRTIO_SLOTS_MAX;
    queue->notify_at = (uint32_t)notify;
    queue->slots = queue->is_indirect ? queue->size : queue->size / spec->segments_max;
    if (queue->slots > spec->slots) {
        queue->slots = spec->slots;
    }
    return queue->slots == 0 ? ERR_RANGE : ERR_OK;
}

static void memory_share(struct virtio_queue *queue, const struct virtio_memory *memory)
{
    struct places places = places_for(queue->size, queue->slots, queue->segments_max);
    char *at = memory->at;

    memory_clear(memory);
    queue->descriptors = (void *)at;
    queue->driver_ring = (void *)(at + places.driver);
    queue->device_ring = (void *)(at + places.device);
    queue->tables = (void *)(at + places.tables);
    queue->tables_address = memory->address + places.tables;
    set_address(queue, VIRTIO_REG_QUEUE_DESCRIPTORS, memory->address);
    set_address(queue, VIRTIO_REG_QUEUE_DRIVER, memory->address + places.driver);
    set_address(queue, VIRTIO_REG_QUEUE_DEVICE, memory->address + places.device);
}

err_t virtio_queue_open(struct virtio_queue *queue, struct virtio_device *device,
                        const struct virtio_queue_spec *spec)
{
    err_t err;

    if (spec->slots == 0 || spec->slots > VIRTIO_SLOTS_MAX || spec->segments_max == 0 ||
        spec->segments_max > VIRTIO_SEGMENTS_MAX ||
        spec->memory->bytes < virtio_queue_bytes(spec->slots, spec->segments_max)) {
        return ERR_RANGE;
    }
    if (spec->number >= device->queues) {
        return ERR_NO_ENTRY;
    }
    *queue = (struct virtio_queue){
        .device = device,
        .number = spec->number,
        .segments_max = spec->segments_max,
        .is_indirect = (device->features & VIRTIO_FEATURE_INDIRECT) != 0,
        .has_event_index = (device->features & VIRTIO_FEATURE_EVENT_INDEX) != 0,
    };
    set(queue, VIRTIO_REG_QUEUE_SELECT, 2, spec->number);
    err = size_find(queue, spec);
    if (err) {
        return err;
    }
    set(queue, VIRTIO_REG_QUEUE_VECTOR, 2, spec->vector);
    if (get(queue, VIRTIO_REG_QUEUE_VECTOR) != spec->vector) {
        return ERR_IO;
    }
    set(queue, VIRTIO_REG_QUEUE_SIZE, 2, queue->size);
    memory_share(queue, spec->memory);
    set(queue, VIRTIO_REG_QUEUE_ENABLE, 2, 1);
    return ERR_OK;
}

/* Writes a slot's row; gives the bytes that the device may write. */
static uint32_t row_write(volatile struct virtio_descriptor *row, uint32_t first,
                          const struct virtio_segment *segments, uint32_t count)
{
    uint32_t writable = 0;

    for (uint32_t i = 0; i < count; i++) {
        bool is_last = i + 1 == count;

        row[i].address = segments[i].address;
        row[i].bytes = segments[i].bytes;
        row[i].next = is_last ? 0 : (uint16_t)(first + i + 1);
        row[i].flags = (uint16_t)((is_last ? 0u : VIRTIO_DESCRIPTOR_NEXT) |
                                  (segments[i].is_written ? VIRTIO_DESCRIPTOR_WRITE : 0u));
        writable += segments[i].is_written ? segments[i].bytes : 0;
    }
    return writable;
}

err_t virtio_queue_add(struct virtio_queue *queue, uint32_t slot,
                       const struct virtio_segment *segments, uint32_t count)
{
    uint32_t head = slot;

    if (slot >= queue->slots || count == 0 || count > queue->segments_max) {
        return ERR_RANGE;
    }
    if (queue->is_stopped) {
        return ERR_IO;
    }
    if (queue->is_in_flight[slot]) {
        return ERR_BUSY;
    }
    uint32_t first = slot * queue->segments_max;

    if (queue->is_indirect) {
        queue->writable[slot] = row_write(&queue->tables[first], 0, segments, count);
        queue->descriptors[head].address =
            queue->tables_address + (uint64_t)first * VIRTIO_DESCRIPTOR_BYTES;
        queue->descriptors[head].bytes = count * VIRTIO_DESCRIPTOR_BYTES;
        queue->descriptors[head].flags = VIRTIO_DESCRIPTOR_INDIRECT;
    } else {
        head = first;
        queue->writable[slot] = row_write(&queue->descriptors[first], first, segments, count);
    }
    queue->is_in_flight[slot] = true;
    queue->in_flight++;
    atomic_store_explicit(&queue->driver_ring[RING_FIRST + (queue->added & (queue->size - 1))],
                          (uint16_t)head, memory_order_relaxed); /* shown by the index */
    queue->added++;
    return ERR_OK;
}

/* 2.7.7.2, 2.7.10: does the device want to hear of entries from `before` to `now`? */
static bool wants_notification(struct virtio_queue *queue, uint16_t before, uint16_t now)
{
    if (!queue->has_event_index) {
        return (atomic_load_explicit(&queue->device_ring[RING_FLAGS], memory_order_relaxed) &
                VIRTIO_NO_NOTIFY) == 0;
    }
    uint16_t event = atomic_load_explicit(&queue->device_ring[RING_FIRST + 4 * queue->size],
                                          memory_order_relaxed);

    return (uint16_t)(now - event - 1) < (uint16_t)(now - before);
}

void virtio_queue_publish(struct virtio_queue *queue)
{
    uint16_t before = queue->published;

    if (queue->added == before || queue->is_stopped) {
        return;
    }
    /* The device sees index and entries in this order; it pairs with its own reading of the index. */
    atomic_store_explicit(&queue->driver_ring[RING_INDEX], queue->added, memory_order_release);
    queue->published = queue->added;
    /* Either the device sees the index, or we see that it wants to be notified. */
    atomic_thread_fence(memory_order_seq_cst);
    if (wants_notification(queue, before, queue->added)) {
        queue->notifications++;
        queue->device->io.write(queue->device->io.context, VIRTIO_PART_NOTIFY, queue->notify_at, 2,
                                queue->number);
    }
}

static err_t lied(struct virtio_queue *queue)
{
    queue->lies++;
    queue->is_stopped = true;
    return ERR_IO;
}

static struct virtio_used *used_at(struct virtio_queue *queue, uint16_t index)
{
    struct virtio_used *ring = (void *)&queue->device_ring[RING_FIRST];

    return &ring[index & (queue->size - 1)];
}

/* Entries that the device has written and we have not taken. */
static uint16_t waiting(struct virtio_queue *queue)
{
    /* Pairs with the device's writing of the index: entries before it are whole. */
    uint16_t index = atomic_load_explicit(&queue->device_ring[RING_INDEX], memory_order_acquire);

    return (uint16_t)(index - queue->taken);
}

err_t virtio_queue_take(struct virtio_queue *queue, uint32_t *slot, uint32_t *written)
{
    uint16_t count = queue->is_stopped ? 0 : waiting(queue);

    if (queue->is_stopped) {
        return ERR_IO;
    }
    if (count == 0) {
        return ERR_WOULD_BLOCK;
    }
    if (count > queue->in_flight) {
        return lied(queue);
    }
    struct virtio_used *used = used_at(queue, queue->taken);
    uint32_t id = atomic_load_explicit(&used->id, memory_order_relaxed);
    uint32_t bytes = atomic_load_explicit(&used->bytes, memory_order_relaxed);
    uint32_t step = queue->is_indirect ? 1 : queue->segments_max;

    if (id % step != 0 || id / step >= queue->slots || !queue->is_in_flight[id / step]) {
        return lied(queue);
    }
    *slot = id / step;
    queue->taken++;
    queue->in_flight--;
    queue->is_in_flight[*slot] = false;
    if (bytes > queue->writable[*slot]) {
        queue->lies++;
        bytes = 0;
    }
    *written = bytes;
    return ERR_OK;
}

bool virtio_queue_rest(struct virtio_queue *queue)
{
    if (queue->is_stopped) {
        return false;
    }
    if (queue->has_event_index) {
        atomic_store_explicit(&queue->driver_ring[RING_FIRST + queue->size], queue->taken,
                              memory_order_relaxed);
    }
    /* Either the device sees the wish, or we see its entry. */
    atomic_thread_fence(memory_order_seq_cst);
    return waiting(queue) == 0;
}
