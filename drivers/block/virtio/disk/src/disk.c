/* SPDX-License-Identifier: MIT */
/*
 * Must stay true: a slot is used from disk_start() until its job comes out of disk_finish(), whatever the device
 * does in between; the device is reset before a slot that it still had is used for something else.
 */
#include "virtio_block/disk.h"

#include "pith/clock.h"
#include "pith/debug.h"
#include "pith/string.h"
#include "registers.h"
#include "virtio/registers.h"

enum { TRIES = 3, RESETS_IN_VAIN_MAX = 8, SEGMENTS_MAX = DISK_DATA_SEGMENTS + 2, IRQ = 0 };
enum { SECTORS_LOG2_MAX = 54, BLOCK_BYTES_MAX = 65536 };

#define LATE_NS (5 * NS_PER_S)
#define CHECK_NS (1 * NS_PER_S)

/* In memory that the device reads and writes. */
struct disk_header {
    struct virtio_blk_header header;
    volatile uint8_t status;
    uint8_t reserved[47];
};
_Static_assert(sizeof(struct disk_header) == 64, "a line of its own");

static struct disk_header *header_of(struct disk *disk, uint32_t slot)
{
    return (struct disk_header *)disk->headers.at + slot;
}

/* --- What the device is like --- */

static uint64_t config(struct disk *disk, uint64_t feature, uint32_t offset, uint32_t width,
                       uint64_t otherwise)
{
    uint64_t value = otherwise;

    if (feature != 0 && (disk->virtio.device.features & feature) == 0) {
        return otherwise;
    }
    (void)!virtio_config_read(&disk->virtio.device, offset, width, &value);
    return value;
}

static uint64_t at_most(uint64_t value, uint64_t limit)
{
    return value < limit ? value : limit;
}

/* All that the device says is brought between bounds. */
static err_t learn(struct disk *disk)
{
    uint64_t features = disk->virtio.device.features;
    uint64_t segments =
        config(disk, VIRTIO_BLK_SEG_MAX, VIRTIO_BLK_CONFIG_SEG_MAX, 4, DISK_DATA_SEGMENTS);
    uint64_t block =
        config(disk, VIRTIO_BLK_BLOCK_SIZE, VIRTIO_BLK_CONFIG_BLOCK_SIZE, 4, BLOCK_SECTOR_BYTES);

    disk->segment_max = (uint32_t)at_most(
        config(disk, VIRTIO_BLK_SIZE_MAX, VIRTIO_BLK_CONFIG_SIZE_MAX, 4, DISK_REQUEST_MAX),
        DISK_REQUEST_MAX);
    segments = at_most(segments, DISK_DATA_SEGMENTS);
    if (segments == 0 || disk->segment_max < BLOCK_SECTOR_BYTES) {
        return ERR_RANGE; /* not even one sector fits */
    }
    disk->limits.sectors =
        at_most(config(disk, 0, VIRTIO_BLK_CONFIG_SECTORS, 8, 0), 1ull << SECTORS_LOG2_MAX);
    disk->limits.request_max = (uint32_t)at_most(segments * disk->segment_max, DISK_REQUEST_MAX) &
                               ~(BLOCK_SECTOR_BYTES - 1);
    disk->limits.is_read_only = (features & VIRTIO_BLK_READ_ONLY) != 0;
    disk->has_cache = (features & VIRTIO_BLK_FLUSH) != 0;
    disk->block_bytes = BLOCK_SECTOR_BYTES;
    if (block > BLOCK_SECTOR_BYTES && block <= BLOCK_BYTES_MAX && (block & (block - 1)) == 0) {
        disk->block_bytes = (uint32_t)block;
    }
    return ERR_OK;
}

/* From reset to running, also after a failure. */
static err_t device_start(struct disk *disk)
{
    struct virtio_device *device = &disk->virtio.device;
    struct virtio_queue_spec spec = {
        .slots = DISK_SLOTS, .segments_max = SEGMENTS_MAX, .vector = IRQ, .memory = &disk->memory
    };
    err_t err = virtio_start(device,
                             VIRTIO_FEATURE_INDIRECT | VIRTIO_FEATURE_EVENT_INDEX |
                                 VIRTIO_BLK_SIZE_MAX | VIRTIO_BLK_SEG_MAX | VIRTIO_BLK_READ_ONLY |
                                 VIRTIO_BLK_BLOCK_SIZE | VIRTIO_BLK_FLUSH,
                             0, disk->driver.io_space != 0);

    if (err == ERR_OK) {
        err = virtio_config_interrupt(device, IRQ);
    }
    if (err == ERR_OK) {
        err = virtio_queue_open(&disk->queue, device, &spec);
    }
    return err ? err : virtio_ready(device);
}

err_t disk_open(struct disk *disk, const char **why)
{
    err_t err = driver_open(&disk->driver);

    *why = "no device was given";
    if (err) {
        return err;
    }
    *why = "its structures";
    err = virtio_pci_open(&disk->virtio, &disk->driver);
    if (err) {
        return err;
    }
    *why = "memory";
    err = virtio_pci_memory(&disk->virtio, DISK_SLOTS, SEGMENTS_MAX, &disk->memory);
    if (err == ERR_OK) {
        err = driver_memory_create(&disk->driver, DISK_SLOTS * sizeof(struct disk_header),
                                   &disk->headers);
    }
    if (err) {
        return err;
    }
    *why = "its interrupt";
    err = driver_irq_start(&disk->driver, IRQ);
    if (err) {
        return err;
    }
    *why = "starting it";
    err = device_start(disk);
    return err ? err : learn(disk);
}

err_t disk_share(struct disk *disk, uint32_t peer, const struct session *session)
{
    struct driver_memory memory;
    err_t err =
        driver_memory_share(&disk->driver, session->info->frame, SESSION_DATA / 4096, &memory);

    if (err == ERR_OK && memory.bytes < session->data_bytes) {
        err = ERR_RANGE;
    }
    if (err == ERR_OK) {
        disk->areas[peer] = memory.address;
    }
    return err;
}

/* --- Jobs --- */

static uint32_t segments_make(struct disk *disk, uint32_t slot, struct virtio_segment *segments)
{
    const struct block_job *job = &disk->slots[slot].job;
    uint64_t header = disk->headers.address + slot * sizeof(struct disk_header);
    uint64_t at = disk->areas[job->peer] + job->offset;
    uint32_t left = job->bytes;
    uint32_t count = 0;

    segments[count++] = (struct virtio_segment){ header, sizeof(struct virtio_blk_header), false };
    while (left > 0) {
        uint32_t bytes = (uint32_t)at_most(left, disk->segment_max);

        segments[count++] = (struct virtio_segment){ at, bytes, job->operation == BLOCK_READ };
        at += bytes;
        left -= bytes;
    }
    segments[count++] =
        (struct virtio_segment){ header + offsetof(struct disk_header, status), 1, true };
    return count;
}

/* Hands a slot's job to the device. A queue that is stopped takes it after the reset that is due. */
static void slot_try(struct disk *disk, uint32_t slot)
{
    static const uint32_t types[] = { [BLOCK_READ] = VIRTIO_BLK_TYPE_IN,
                                      [BLOCK_WRITE] = VIRTIO_BLK_TYPE_OUT,
                                      [BLOCK_FLUSH] = VIRTIO_BLK_TYPE_FLUSH };
    struct virtio_segment segments[SEGMENTS_MAX];
    struct disk_slot *used = &disk->slots[slot];
    struct disk_header *header = header_of(disk, slot);

    header->header = (struct virtio_blk_header){
        .type = types[used->job.operation],
        .sector = used->job.operation == BLOCK_FLUSH ? 0 : used->job.sector,
    };
    header->status = UINT8_MAX; /* what no device says */
    used->tries++;
    used->since = clock_now();
    (void)!virtio_queue_add(&disk->queue, slot, segments, segments_make(disk, slot, segments));
}

void disk_start(struct disk *disk, const struct block_job *job)
{
    uint32_t slot = 0;

    while (disk->slots[slot].is_used) {
        slot++;
    }
    assert(slot < disk->queue.slots);
    disk->slots[slot] = (struct disk_slot){ .is_used = true, .job = *job };
    disk->used++;
    slot_try(disk, slot);
}

static err_t result_of(struct disk *disk, uint32_t slot, uint32_t written)
{
    const struct block_job *job = &disk->slots[slot].job;
    uint32_t want = (job->operation == BLOCK_READ ? job->bytes : 0) + 1;

    if (header_of(disk, slot)->status != VIRTIO_BLK_STATUS_OK) {
        disk->errors++;
        return ERR_IO;
    }
    if (written < want) {
        disk->short_answers++;
        return ERR_IO;
    }
    return ERR_OK;
}

static void slot_finish(struct disk *disk, uint32_t slot, struct block_job *job)
{
    *job = disk->slots[slot].job;
    disk->slots[slot].is_used = false;
    disk->used--;
}

/* One that failed with the device. */
static void failed_finish(struct disk *disk, struct block_job *job)
{
    uint32_t slot = 0;

    while (!disk->slots[slot].is_used || !disk->slots[slot].has_failed) {
        slot++;
    }
    disk->failed--;
    slot_finish(disk, slot, job);
}

bool disk_finish(struct disk *disk, struct block_job *job, err_t *result)
{
    uint32_t slot;
    uint32_t written;

    if (disk->failed != 0) {
        failed_finish(disk, job);
        *result = ERR_IO;
        return true;
    }
    while (virtio_queue_take(&disk->queue, &slot, &written) == ERR_OK) {
        err_t err = result_of(disk, slot, written);

        if (err && disk->slots[slot].tries < TRIES) {
            slot_try(disk, slot);
            continue;
        }
        disk->resets_in_vain = 0;
        *result = err;
        slot_finish(disk, slot, job);
        return true;
    }
    return false;
}

/* --- Failures of the device --- */

static bool is_late(const struct disk *disk, ns_t now)
{
    for (uint32_t i = 0; disk->used != 0 && i < disk->queue.slots; i++) {
        if (disk->slots[i].is_used && !disk->slots[i].has_failed &&
            now - disk->slots[i].since > LATE_NS) {
            return true;
        }
    }
    return false;
}

static bool device_restart(struct disk *disk)
{
    err_t err;

    if (disk->resets_in_vain++ == RESETS_IN_VAIN_MAX) {
        return false;
    }
    disk->resets++;
    err = device_start(disk);
    if (err) {
        return false;
    }
    for (uint32_t i = 0; i < disk->queue.slots; i++) {
        struct disk_slot *slot = &disk->slots[i];

        if (slot->is_used && !slot->has_failed && slot->tries < TRIES) {
            slot_try(disk, i);
        } else if (slot->is_used && !slot->has_failed) {
            slot->has_failed = true; /* perhaps it is what the device cannot bear */
            disk->failed++;
        }
    }
    disk_publish(disk);
    return true;
}

bool disk_check(struct disk *disk)
{
    const char *why = NULL;

    if (disk->queue.is_stopped) {
        why = "it lied";
    } else if (virtio_has_failed(&disk->virtio.device)) {
        why = "it failed";
    } else if (is_late(disk, clock_now())) {
        why = "it does not answer";
    }
    if (why == NULL) {
        return true;
    }
    debug_printf("virtio_block: the device is reset: %s\n", why);
    return device_restart(disk);
}

bool disk_rest(struct disk *disk)
{
    return virtio_queue_rest(&disk->queue);
}

ns_t disk_deadline(const struct disk *disk)
{
    return disk->used == 0 ? DEADLINE_NEVER : clock_now() + CHECK_NS;
}
