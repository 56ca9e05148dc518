/* SPDX-License-Identifier: MIT */
/* What is common to all virtio devices: Virtio 1.2, sections 2, 4.1.4.3 and 6. Offsets are in bytes. */
#pragma once

/* The common structure. */
#define VIRTIO_REG_DEVICE_FEATURE_SELECT 0u
#define VIRTIO_REG_DEVICE_FEATURE 4u
#define VIRTIO_REG_DRIVER_FEATURE_SELECT 8u
#define VIRTIO_REG_DRIVER_FEATURE 12u
#define VIRTIO_REG_CONFIG_VECTOR 16u
#define VIRTIO_REG_QUEUES 18u
#define VIRTIO_REG_STATUS 20u
#define VIRTIO_REG_GENERATION 21u
#define VIRTIO_REG_QUEUE_SELECT 22u
#define VIRTIO_REG_QUEUE_SIZE 24u
#define VIRTIO_REG_QUEUE_VECTOR 26u
#define VIRTIO_REG_QUEUE_ENABLE 28u
#define VIRTIO_REG_QUEUE_NOTIFY 30u
#define VIRTIO_REG_QUEUE_DESCRIPTORS 32u
#define VIRTIO_REG_QUEUE_DRIVER 40u
#define VIRTIO_REG_QUEUE_DEVICE 48u
#define VIRTIO_COMMON_BYTES 56u

#define VIRTIO_NO_VECTOR 0xffffu

#define VIRTIO_STATUS_ACKNOWLEDGE 1u
#define VIRTIO_STATUS_DRIVER 2u
#define VIRTIO_STATUS_DRIVER_OK 4u
#define VIRTIO_STATUS_FEATURES_OK 8u
#define VIRTIO_STATUS_NEEDS_RESET 64u
#define VIRTIO_STATUS_FAILED 128u

#define VIRTIO_FEATURE_INDIRECT (1ull << 28)
#define VIRTIO_FEATURE_EVENT_INDEX (1ull << 29)
#define VIRTIO_FEATURE_VERSION_1 (1ull << 32)
#define VIRTIO_FEATURE_PLATFORM (1ull << 33) /* DMA goes through a remapping unit */

#define VIRTIO_DESCRIPTOR_NEXT 1u
#define VIRTIO_DESCRIPTOR_WRITE 2u /* the device writes it */
#define VIRTIO_DESCRIPTOR_INDIRECT 4u
#define VIRTIO_DESCRIPTOR_BYTES 16u

#define VIRTIO_NO_INTERRUPT 1u /* flags of the driver's ring */
#define VIRTIO_NO_NOTIFY 1u    /* flags of the device's ring */
