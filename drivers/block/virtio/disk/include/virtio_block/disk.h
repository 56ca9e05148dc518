/* SPDX-License-Identifier: MIT */
/*
 * A virtio block device: jobs go in, and come out done. A request that fails is tried again, three times in all; a device that
 * lies, fails or does not answer is reset and asked for everything again.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"
#include "block/server.h"
#include "driver/driver.h"
#include "virtio/pci_device.h"

#define DISK_SLOTS 128u
#define DISK_DATA_SEGMENTS 14u /* besides header and status */
#define DISK_REQUEST_MAX (1u << 20)

struct disk_slot {
    bool is_used;
    bool has_failed; /* as often as it may be tried */
    uint32_t tries;
    ns_t since; /* of the last try */
    struct block_job job;
};

struct disk {
    struct driver driver;
    struct virtio_pci virtio;
    struct virtio_memory memory;  /* of the queue */
    struct driver_memory headers; /* one struct disk_header for each slot */
    struct virtio_queue queue;
    struct block_limits limits;
    bool has_cache;
    uint32_t block_bytes;
    uint32_t segment_max; /* bytes */

    uint64_t areas[BLOCK_PEERS_MAX]; /* device address of each peer's data area */
    struct disk_slot slots[DISK_SLOTS];
    uint32_t used;   /* slots */
    uint32_t failed; /* of them */

    uint64_t errors; /* the device said so */
    uint64_t short_answers;
    uint64_t resets;
    uint32_t resets_in_vain; /* since a request was done */
};

/** disk_open() - find the device and learn what it is like. @why: on an error, for people. */
MUST_CHECK err_t disk_open(struct disk *disk, const char **why);

/** disk_share() - let the device reach the data area of a peer. Errors: those of driver_memory_share(). */
MUST_CHECK err_t disk_share(struct disk *disk, uint32_t peer, const struct session *session);

static inline bool disk_is_full(const struct disk *disk)
{
    return disk->used == disk->queue.slots;
}

/** disk_is_stopped() - the device lied, and nothing goes on before disk_check(). */
static inline bool disk_is_stopped(const struct disk *disk)
{
    return disk->queue.is_stopped;
}

/** disk_start() - a job for a slot that is free: there must be one. The device sees it at disk_publish(). */
void disk_start(struct disk *disk, const struct block_job *job);
static inline void disk_publish(struct disk *disk)
{
    virtio_queue_publish(&disk->queue);
}

/** disk_finish() - the next job that is done. False: none is. */
bool disk_finish(struct disk *disk, struct block_job *job, err_t *result);

/** disk_check() - reset the device if it failed, lied or is too late. False: it is beyond help. */
bool disk_check(struct disk *disk);

/** disk_rest() - true: nothing is done now, wait for its interrupt. */
bool disk_rest(struct disk *disk);

/** disk_deadline() - when to check at the latest. */
ns_t disk_deadline(const struct disk *disk);
