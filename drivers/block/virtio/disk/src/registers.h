/* SPDX-License-Identifier: MIT */
/* A virtio block device: Virtio 1.2, 5.2. Offsets are in bytes. */
#pragma once

#include <stdint.h>

#define VIRTIO_BLK_SIZE_MAX (1ull << 1)
#define VIRTIO_BLK_SEG_MAX (1ull << 2)
#define VIRTIO_BLK_READ_ONLY (1ull << 5)
#define VIRTIO_BLK_BLOCK_SIZE (1ull << 6)
#define VIRTIO_BLK_FLUSH (1ull << 9)

/* Its configuration. */
#define VIRTIO_BLK_CONFIG_SECTORS 0u
#define VIRTIO_BLK_CONFIG_SIZE_MAX 8u
#define VIRTIO_BLK_CONFIG_SEG_MAX 12u
#define VIRTIO_BLK_CONFIG_BLOCK_SIZE 20u

#define VIRTIO_BLK_TYPE_IN 0u
#define VIRTIO_BLK_TYPE_OUT 1u
#define VIRTIO_BLK_TYPE_FLUSH 4u

#define VIRTIO_BLK_STATUS_OK 0u

/* What a request begins and ends with; in between are its data. */
struct virtio_blk_header {
    uint32_t type;
    uint32_t reserved;
    uint64_t sector;
};
