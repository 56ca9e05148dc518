/* SPDX-License-Identifier: MIT */
#include "virtio/device.h"

#include "pci/registers.h"
#include "virtio/registers.h"

enum { CONFIG_LEGACY_END = 256 };

static bool part_of(uint32_t kind, enum virtio_part *part)
{
    switch (kind) {
    case PCI_VIRTIO_COMMON:
        *part = VIRTIO_PART_COMMON;
        return true;
    case PCI_VIRTIO_NOTIFY:
        *part = VIRTIO_PART_NOTIFY;
        return true;
    case PCI_VIRTIO_ISR:
        *part = VIRTIO_PART_ISR;
        return true;
    case PCI_VIRTIO_DEVICE:
        *part = VIRTIO_PART_DEVICE;
        return true;
    default:
        return false;
    }
}

/* 4.1.4: of several structures of a kind the first is the one the device prefers. */
static err_t note(const struct pci_list *list, struct virtio_layout *layout)
{
    enum virtio_part part;
    struct virtio_place place;
    uint32_t kind;
    err_t err;

    if (list->at + PCI_VIRTIO_WINDOW > CONFIG_LEGACY_END) {
        return ERR_RANGE;
    }
    err = list->read(list->context, list->at + PCI_VIRTIO_KIND, 1, &kind);
    if (err || !part_of(kind, &part) || layout->parts[part].bytes != 0) {
        return err;
    }
    err = list->read(list->context, list->at + PCI_VIRTIO_BAR, 1, &place.bar);
    if (err == ERR_OK) {
        err = list->read(list->context, list->at + PCI_VIRTIO_OFFSET, 4, &place.offset);
    }
    if (err == ERR_OK) {
        err = list->read(list->context, list->at + PCI_VIRTIO_BYTES, 4, &place.bytes);
    }
    if (err) {
        return err;
    }
    if (place.bar >= PCI_BARS) {
        return ERR_OK; /* 4.1.4: reserved numbers are to be passed over */
    }
    if (place.offset > UINT32_MAX - place.bytes) {
        return ERR_RANGE;
    }
    layout->parts[part] = place;
    if (part != VIRTIO_PART_NOTIFY) {
        return ERR_OK;
    }
    if (list->at + PCI_VIRTIO_MULTIPLIER + 4 > CONFIG_LEGACY_END) {
        return ERR_RANGE;
    }
    return list->read(list->context, list->at + PCI_VIRTIO_MULTIPLIER, 4, &layout->notify_step);
}

err_t virtio_layout_find(pci_reader_t read, void *context, struct virtio_layout *layout)
{
    struct virtio_layout found = { 0 };
    struct pci_list list = { .read = read, .context = context };

    do {
        err_t err = pci_capability_next(&list);

        if (err == ERR_OK && list.at != 0 && list.kind == PCI_CAP_VENDOR) {
            err = note(&list, &found);
        }
        if (err) {
            return err;
        }
    } while (list.at != 0);
    if (found.parts[VIRTIO_PART_COMMON].bytes == 0 || found.parts[VIRTIO_PART_NOTIFY].bytes == 0) {
        return ERR_NO_ENTRY;
    }
    if (found.parts[VIRTIO_PART_COMMON].bytes < VIRTIO_COMMON_BYTES) {
        return ERR_RANGE;
    }
    *layout = found;
    return ERR_OK;
}
