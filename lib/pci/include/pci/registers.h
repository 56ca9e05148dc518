/* SPDX-License-Identifier: MIT */
/* Configuration space: PCI Local Bus 3.0, PCI Express Base, Virtio 1.2 section 4.1.4. Offsets are in bytes. */
#pragma once

#define PCI_VENDOR_NUMBER 0x00u
#define PCI_DEVICE_NUMBER 0x02u
#define PCI_COMMAND 0x04u
#define PCI_STATUS 0x06u
#define PCI_REVISION 0x08u /* and the class in the three bytes above */
#define PCI_HEADER 0x0eu
#define PCI_BAR_FIRST 0x10u
#define PCI_SECONDARY_BUS 0x19u /* of a bridge */
#define PCI_CAPABILITIES 0x34u
#define PCI_INTERRUPT_LINE 0x3cu

#define PCI_NO_VENDOR 0xffffu

#define PCI_COMMAND_IO (1u << 0)
#define PCI_COMMAND_MEMORY (1u << 1)
#define PCI_COMMAND_MASTER (1u << 2)
#define PCI_COMMAND_LINES_OFF (1u << 10)
#define PCI_STATUS_HAS_LIST (1u << 4)

#define PCI_HEADER_MANY (1u << 7) /* more than one function */
#define PCI_HEADER_TYPE 0x7fu
#define PCI_HEADER_DEVICE 0u
#define PCI_HEADER_BRIDGE 1u

#define PCI_BAR_IS_PORTS (1u << 0)
#define PCI_BAR_TYPE (3u << 1)
#define PCI_BAR_64_BITS (2u << 1)
#define PCI_BAR_PREFETCHABLE (1u << 3)

/* Capabilities: a byte with the number, a byte with the offset of the next. */
#define PCI_CAP_POWER 0x01u
#define PCI_CAP_VENDOR 0x09u
#define PCI_CAP_EXPRESS 0x10u
#define PCI_CAP_MSIX 0x11u
#define PCI_CAP_ADVANCED 0x13u /* conventional devices with function level reset */

#define PCI_POWER_CONTROL 4u
#define PCI_POWER_STATE 3u
#define PCI_POWER_D3HOT 3u
#define PCI_POWER_KEEPS (1u << 3) /* going through D3hot resets nothing */

#define PCI_EXPRESS_CAPABILITIES 4u
#define PCI_EXPRESS_CAN_RESET (1u << 28)
#define PCI_EXPRESS_CONTROL 8u
#define PCI_EXPRESS_RESET (1u << 15)
#define PCI_EXPRESS_STATUS 10u
#define PCI_EXPRESS_PENDING (1u << 5)

#define PCI_ADVANCED_CAPABILITIES 3u
#define PCI_ADVANCED_CAN_RESET (1u << 1)
#define PCI_ADVANCED_CONTROL 4u
#define PCI_ADVANCED_RESET 1u

#define PCI_MSIX_CONTROL 2u
#define PCI_MSIX_ENABLE (1u << 15)
#define PCI_MSIX_MASK_ALL (1u << 14)
#define PCI_MSIX_SIZE 0x7ffu /* of the table, less one */
#define PCI_MSIX_TABLE 4u    /* offset in a BAR | number of the BAR */
#define PCI_MSIX_BAR 7u
#define PCI_MSIX_ENTRY_BYTES 16u

/* A virtio device's capabilities are vendor specific: where in its BARs its structures are. */
#define PCI_VENDOR_VIRTIO 0x1af4u
#define PCI_VIRTIO_LENGTH 2u /* of the capability */
#define PCI_VIRTIO_KIND 3u
#define PCI_VIRTIO_BAR 4u
#define PCI_VIRTIO_OFFSET 8u
#define PCI_VIRTIO_BYTES 12u
#define PCI_VIRTIO_MULTIPLIER 16u /* kind NOTIFY */
#define PCI_VIRTIO_WINDOW                                                                          \
    16u /* kind WINDOW: data of the access that BAR, OFFSET and BYTES describe */

#define PCI_VIRTIO_COMMON 1u
#define PCI_VIRTIO_NOTIFY 2u
#define PCI_VIRTIO_ISR 3u
#define PCI_VIRTIO_DEVICE 4u
#define PCI_VIRTIO_KIND_WINDOW 5u

#define PCI_VIRTIO_COMMON_STATUS 20u /* offset in the common structure */
