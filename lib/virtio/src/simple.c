/* SPDX-License-Identifier: MIT */
#include "virtio/simple.h"

#include "virtio/registers.h"

enum { RESETS_IN_VAIN_MAX = 8, IRQ = 0 };

static err_t queue_open(struct virtio_simple *simple, struct virtio_buffers *buffers)
{
    struct virtio_queue_spec spec = {
        .number = buffers->number,
        .slots = buffers->slots,
        .segments_max = 1,
        .vector = IRQ,
        .memory = &buffers->rings,
    };

    return virtio_queue_open(&buffers->queue, simple->device, &spec);
}

err_t virtio_simple_start(struct virtio_simple *simple)
{
    err_t err = virtio_start(simple->device, VIRTIO_FEATURE_INDIRECT | VIRTIO_FEATURE_EVENT_INDEX,
                             0, simple->is_remapped);

    for (uint32_t i = 0; err == ERR_OK && i < simple->count; i++) {
        err = queue_open(simple, simple->buffers[i]);
    }
    return err ? err : virtio_ready(simple->device);
}

bool virtio_simple_is_stopped(const struct virtio_simple *simple)
{
    for (uint32_t i = 0; i < simple->count; i++) {
        if (simple->buffers[i]->queue.is_stopped) {
            return true;
        }
    }
    return false;
}

bool virtio_simple_check(struct virtio_simple *simple, bool is_late)
{
    if (!is_late && !virtio_simple_is_stopped(simple) && !virtio_has_failed(simple->device)) {
        return true;
    }
    simple->resets++;
    return simple->in_vain++ < RESETS_IN_VAIN_MAX && virtio_simple_start(simple) == ERR_OK;
}

void *virtio_buffer_at(const struct virtio_buffers *buffers, uint32_t slot)
{
    return (char *)buffers->area.at + (uint64_t)slot * buffers->bytes;
}

err_t virtio_buffer_add(struct virtio_buffers *buffers, uint32_t slot, uint32_t bytes)
{
    struct virtio_segment segment = {
        .address = buffers->area.address + (uint64_t)slot * buffers->bytes,
        .bytes = bytes < buffers->bytes ? bytes : buffers->bytes,
        .is_written = buffers->is_filled,
    };

    return virtio_queue_add(&buffers->queue, slot, &segment, 1);
}

err_t virtio_buffer_take(struct virtio_simple *simple, struct virtio_buffers *buffers,
                         uint32_t *slot, uint32_t *written)
{
    err_t err = virtio_queue_take(&buffers->queue, slot, written);

    if (err == ERR_OK) {
        simple->in_vain = 0;
    }
    return err;
}

void virtio_simple_publish(struct virtio_simple *simple)
{
    for (uint32_t i = 0; i < simple->count; i++) {
        virtio_queue_publish(&simple->buffers[i]->queue);
    }
}

bool virtio_simple_rest(struct virtio_simple *simple)
{
    bool is_quiet = !virtio_simple_is_stopped(simple);

    for (uint32_t i = 0; i < simple->count; i++) {
        is_quiet = virtio_queue_rest(&simple->buffers[i]->queue) && is_quiet;
    }
    return is_quiet;
}
