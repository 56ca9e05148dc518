/* SPDX-License-Identifier: MIT */
/* Must stay true: what is asked of the device and what is in the pool together fit into the pool. */
#include "virtio_random/source.h"

#include "pith/clock.h"
#include "pith/string.h"

#define LATE_NS (10 * NS_PER_S)

void source_init(struct source *source)
{
    *source = (struct source){
        .requests = { .slots = SOURCE_SLOTS, .bytes = SOURCE_BUFFER_BYTES, .is_filled = true },
        .simple = { .count = 1 },
    };
    source->simple.buffers[0] = &source->requests;
}

/* Nothing of it stays where the device, or a successor's device, could see it. */
static void take(struct source *source, uint32_t slot, uint32_t written)
{
    void *buffer = virtio_buffer_at(&source->requests, slot);

    memcpy(source->pool + source->count, buffer, written);
    memset(buffer, 0, SOURCE_BUFFER_BYTES);
    source->count += written;
    source->received += written;
    source->empty += written == 0;
}

void source_work(struct source *source, ns_t now_ns)
{
    struct virtio_queue *queue = &source->requests.queue;
    uint32_t slot;
    uint32_t written;

    while (virtio_buffer_take(&source->simple, &source->requests, &slot, &written) == ERR_OK) {
        take(source, slot, written);
        if (written != 0) {
            source->answered_ns = now_ns;
        }
    }
    if (queue->in_flight == 0) {
        source->answered_ns = now_ns;
    }
    for (slot = 0; slot < queue->slots; slot++) {
        if (source->count + (queue->in_flight + 1) * SOURCE_BUFFER_BYTES > SOURCE_POOL_BYTES) {
            break;
        }
        /* BUSY: it has that one; IO: it lied, and is to be checked. */
        (void)!virtio_buffer_add(&source->requests, slot, SOURCE_BUFFER_BYTES);
    }
    virtio_simple_publish(&source->simple);
}

uint32_t source_get(struct source *source, void *bytes, uint32_t max)
{
    uint32_t count = source->count < max ? source->count : max;

    source->count -= count;
    memcpy(bytes, source->pool + source->count, count);
    memset(source->pool + source->count, 0, count);
    return count;
}

bool source_check(struct source *source, ns_t now_ns)
{
    uint64_t before = source->simple.resets;
    bool is_late = source->requests.queue.in_flight != 0 && now_ns - source->answered_ns > LATE_NS;
    bool is_well = virtio_simple_check(&source->simple, is_late);

    if (source->simple.resets != before) {
        source->answered_ns = now_ns;
    }
    return is_well;
}

ns_t source_deadline(const struct source *source)
{
    return source->requests.queue.in_flight == 0 ? DEADLINE_NEVER
                                                 : source->answered_ns + LATE_NS + 1;
}
