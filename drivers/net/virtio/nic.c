/* SPDX-License-Identifier: MIT */
/*
 * Must stay true: a slot is used from nic_start() until its frame comes out of nic_finish(), or the device was reset;
 * the device is reset before a frame that it still had is answered, or forgotten.
 */
#include "nic.h"

#include "pith/clock.h"
#include "pith/debug.h"
#include "registers.h"
#include "virtio/registers.h"

enum { SEGMENTS_MAX = 2, RESETS_IN_VAIN_MAX = 8, IRQ = 0, MTU_MIN = 68, MTU_DEFAULT = 1500 };

#define LATE_NS (5 * NS_PER_S)
#define CHECK_NS (1 * NS_PER_S)

_Static_assert(sizeof(struct virtio_net_header) == 12, "as the device has it");

/* --- What the device is like --- */

static uint64_t config(struct nic *nic, uint64_t feature, uint32_t offset, uint32_t width,
                       uint64_t otherwise)
{
    uint64_t value = otherwise;

    if ((nic->virtio.device.features & feature) != 0) {
        (void)!virtio_config_read(&nic->virtio.device, offset, width, &value);
    }
    return value;
}

bool nic_state_read(struct nic *nic)
{
    uint64_t status =
        config(nic, VIRTIO_NET_STATUS, VIRTIO_NET_CONFIG_STATUS, 2, VIRTIO_NET_STATUS_UP);
    uint32_t flags = (status & VIRTIO_NET_STATUS_UP) != 0 ? LINK_IS_UP : 0;
    bool is_new = flags != nic->state.flags;

    nic->state.flags = flags;
    return is_new;
}

/* An address that belongs to nobody, if the device has none: locally administered. */
static void learn(struct nic *nic)
{
    static const uint8_t otherwise[LINK_ADDRESS_BYTES] = { 2, 0, 'p', 'i', 't', 'h' };
    uint64_t mtu = config(nic, VIRTIO_NET_MTU, VIRTIO_NET_CONFIG_MTU, 2, MTU_DEFAULT);

    for (uint32_t i = 0; i < LINK_ADDRESS_BYTES; i++) {
        nic->state.address[i] =
            (uint8_t)config(nic, VIRTIO_NET_MAC, VIRTIO_NET_CONFIG_MAC + i, 1, otherwise[i]);
    }
    nic->state.mtu = mtu >= MTU_MIN && mtu < MTU_DEFAULT ? (uint16_t)mtu : (uint16_t)MTU_DEFAULT;
    nic->state.receive_max = (uint16_t)nic->receive.queue.slots;
    nic->state.send_max = (uint16_t)nic->send.queue.slots;
    (void)nic_state_read(nic);
}

static err_t queue_open(struct nic *nic, struct nic_queue *queue)
{
    struct virtio_queue_spec spec = {
        .number = queue->is_receive ? VIRTIO_NET_QUEUE_RECEIVE : VIRTIO_NET_QUEUE_SEND,
        .slots = NIC_SLOTS,
        .segments_max = SEGMENTS_MAX,
        .vector = IRQ,
        .memory = &queue->memory,
    };
    err_t err = virtio_queue_open(&queue->queue, &nic->virtio.device, &spec);

    queue->free_count = 0;
    for (uint32_t i = 0; err == ERR_OK && i < queue->queue.slots; i++) {
        queue->is_used[i] = false;
        queue->free[queue->free_count++] = i;
    }
    queue->used = 0;
    return err;
}

/* From reset to running, also after a failure. */
static err_t device_start(struct nic *nic)
{
    struct virtio_device *device = &nic->virtio.device;
    err_t err = virtio_start(device,
                             VIRTIO_FEATURE_INDIRECT | VIRTIO_FEATURE_EVENT_INDEX | VIRTIO_NET_MTU |
                                 VIRTIO_NET_MAC | VIRTIO_NET_STATUS,
                             0, nic->driver.io_space != 0);

    if (err == ERR_OK) {
        err = virtio_config_interrupt(device, IRQ);
    }
    if (err == ERR_OK) {
        err = queue_open(nic, &nic->receive);
    }
    if (err == ERR_OK) {
        err = queue_open(nic, &nic->send);
    }
    if (err == ERR_OK) {
        err = virtio_ready(device);
    }
    nic->sent_ns = clock_now();
    return err;
}

static err_t memory_get(struct nic *nic)
{
    err_t err = virtio_pci_memory(&nic->virtio, NIC_SLOTS, SEGMENTS_MAX, &nic->receive.memory);

    if (err == ERR_OK) {
        err = virtio_pci_memory(&nic->virtio, NIC_SLOTS, SEGMENTS_MAX, &nic->send.memory);
    }
    if (err == ERR_OK) {
        err = driver_memory_create(&nic->driver, 2 * NIC_SLOTS * sizeof(struct virtio_net_header),
                                   &nic->headers);
    }
    return err;
}

err_t nic_open(struct nic *nic, const char **why)
{
    err_t err = driver_open(&nic->driver);

    *why = "no device was given";
    if (err) {
        return err;
    }
    *why = "its structures";
    err = virtio_pci_open(&nic->virtio, &nic->driver);
    if (err) {
        return err;
    }
    *why = "memory";
    err = memory_get(nic);
    if (err) {
        return err;
    }
    *why = "its interrupt";
    err = driver_irq_start(&nic->driver, IRQ);
    if (err) {
        return err;
    }
    *why = "starting it";
    nic->receive.is_receive = true;
    err = device_start(nic);
    if (err == ERR_OK) {
        learn(nic);
    }
    return err;
}

err_t nic_share(struct nic *nic, const struct session *session)
{
    struct driver_memory memory;
    err_t err =
        driver_memory_share(&nic->driver, session->info->frame, SESSION_DATA / 4096, &memory);

    if (err == ERR_OK && memory.bytes < session->data_bytes) {
        err = ERR_RANGE;
    }
    if (err == ERR_OK) {
        nic->area = memory.address;
    }
    return err;
}

err_t nic_forget(struct nic *nic)
{
    bool is_idle = nic->receive.used == 0 && nic->send.used == 0;

    nic->receive.lost_count = nic->send.lost_count = 0;
    return is_idle ? ERR_OK : device_start(nic);
}

/* --- Frames --- */

static uint64_t header_of(const struct nic *nic, const struct nic_queue *queue, uint32_t slot)
{
    uint32_t number = slot + (queue->is_receive ? 0 : NIC_SLOTS);

    return nic->headers.address + number * sizeof(struct virtio_net_header);
}

/* A queue that is stopped takes it after the reset that is due. Headers of frames to be sent stay zero. */
bool nic_start(struct nic *nic, struct nic_queue *queue, const struct link_frame *frame)
{
    if (queue->free_count == 0) {
        return false;
    }
    uint32_t slot = queue->free[--queue->free_count];
    struct virtio_segment segments[SEGMENTS_MAX] = {
        { header_of(nic, queue, slot), sizeof(struct virtio_net_header), queue->is_receive },
        { nic->area + frame->offset, frame->bytes, queue->is_receive },
    };

    if (!queue->is_receive && queue->used == 0) {
        nic->sent_ns = clock_now();
    }
    queue->is_used[slot] = true;
    queue->frames[slot] = *frame;
    queue->used++;
    (void)!virtio_queue_add(&queue->queue, slot, segments, SEGMENTS_MAX);
    return true;
}

/* How much of a buffer was filled: nothing, if the device says what cannot be. */
static uint16_t bytes_of(struct nic *nic, const struct link_frame *frame, uint32_t written)
{
    const uint32_t header = sizeof(struct virtio_net_header);

    if (written < header + LINK_HEADER_BYTES || written - header > frame->bytes) {
        nic->lies++;
        return 0;
    }
    return (uint16_t)(written - header);
}

bool nic_finish(struct nic *nic, struct nic_queue *queue, struct link_frame *frame)
{
    uint32_t slot;
    uint32_t written;

    if (queue->lost_count != 0) {
        *frame = queue->lost[--queue->lost_count];
        return true;
    }
    if (virtio_queue_take(&queue->queue, &slot, &written) != ERR_OK) {
        return false;
    }
    *frame = queue->frames[slot];
    queue->is_used[slot] = false;
    queue->free[queue->free_count++] = slot;
    queue->used--;
    nic->resets_in_vain = 0;
    if (queue->is_receive) {
        frame->bytes = bytes_of(nic, frame, written);
        nic->received_frames += frame->bytes != 0;
    } else {
        nic->sent_frames++;
        nic->sent_ns = clock_now();
    }
    return true;
}

void nic_publish(struct nic *nic)
{
    virtio_queue_publish(&nic->receive.queue);
    virtio_queue_publish(&nic->send.queue);
}

/* --- Failures of the device --- */

/* What a device that was reset had: buffers come back empty, frames count as sent, and the network may lose them. */
static void queue_lose(struct nic_queue *queue)
{
    for (uint32_t i = 0; i < NIC_SLOTS; i++) {
        if (queue->is_used[i] && queue->lost_count < NIC_SLOTS) {
            struct link_frame frame = queue->frames[i];

            frame.bytes = queue->is_receive ? 0 : frame.bytes;
            queue->lost[queue->lost_count++] = frame;
        }
        queue->is_used[i] = false;
    }
}

static bool device_restart(struct nic *nic)
{
    if (nic->resets_in_vain++ == RESETS_IN_VAIN_MAX ||
        virtio_reset(&nic->virtio.device) != ERR_OK) {
        return false;
    }
    nic->resets++;
    queue_lose(&nic->receive);
    queue_lose(&nic->send);
    return device_start(nic) == ERR_OK;
}

bool nic_check(struct nic *nic)
{
    const char *why = NULL;

    if (nic_is_stopped(nic)) {
        why = "it lied";
    } else if (virtio_has_failed(&nic->virtio.device)) {
        why = "it failed";
    } else if (nic->send.used != 0 && clock_now() - nic->sent_ns > LATE_NS) {
        why = "it does not send";
    }
    if (why == NULL) {
        return true;
    }
    debug_printf("virtio_net: the device is reset: %s\n", why);
    return device_restart(nic);
}

bool nic_rest(struct nic *nic)
{
    bool is_quiet = virtio_queue_rest(&nic->receive.queue);

    return virtio_queue_rest(&nic->send.queue) && is_quiet && nic->receive.lost_count == 0 &&
           nic->send.lost_count == 0;
}

ns_t nic_deadline(const struct nic *nic)
{
    return nic->send.used == 0 ? DEADLINE_NEVER : clock_now() + CHECK_NS;
}
