/* SPDX-License-Identifier: MIT */
/* A virtio network device: Virtio 1.2, 5.1. Offsets are in bytes. */
#pragma once

#include <stdint.h>

#define VIRTIO_NET_MTU (1ull << 3)
#define VIRTIO_NET_MAC (1ull << 5)
#define VIRTIO_NET_STATUS (1ull << 16)

/* Its configuration. */
#define VIRTIO_NET_CONFIG_MAC 0u
#define VIRTIO_NET_CONFIG_STATUS 6u
#define VIRTIO_NET_CONFIG_MTU 10u

#define VIRTIO_NET_STATUS_UP 1u

/* Queues of a device with one pair of them. */
#define VIRTIO_NET_QUEUE_RECEIVE 0u
#define VIRTIO_NET_QUEUE_SEND 1u

/* Before each frame, both ways. All zero: one buffer, complete checksums, no segmentation. */
struct virtio_net_header {
    uint8_t flags;
    uint8_t segmentation;
    uint16_t header_bytes;
    uint16_t segment_bytes;
    uint16_t checksum_start;
    uint16_t checksum_offset;
    uint16_t buffers;
};
