/* SPDX-License-Identifier: MIT */
/*
 * Configuration space in memory, with functions that behave: address registers keep only the bits above their
 * size, reserved bits read as they are, a virtio window writes the status, reset bits reset.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pci/pci.h"

#define FAKE_FUNCTIONS 16u
#define FAKE_BUSES 4u

struct fake_function {
    pci_id_t id;
    bool is_there;
    uint8_t bytes[PCI_CONFIG_BYTES];
    uint64_t bar_bytes[PCI_BARS]; /* of 64-bit ranges in the lower half; 0: none */
    uint32_t virtio_status;       /* what the window shows */
    bool is_stuck;                /* the status never becomes 0, resets do nothing */
    uint32_t resets[4];           /* by enum pci_reset_way */
    uint32_t sized_while_on;      /* address registers probed while it decodes */
    uint32_t writes;
};

struct fake_bus {
    struct fake_function functions[FAKE_FUNCTIONS];
    uint32_t count;
    uint64_t waited_ns;
    uint32_t outside; /* accesses that nobody may make */
    struct pci_access access;
};

void fake_start(struct fake_bus *bus);
struct fake_function *fake_add(struct fake_bus *bus, pci_id_t id, uint32_t vendor, uint32_t device);
void fake_set(struct fake_function *function, uint32_t offset, uint32_t width, uint32_t value);
uint32_t fake_get(const struct fake_function *function, uint32_t offset, uint32_t width);

/* Put a capability in front of the list. */
void fake_capability(struct fake_function *function, uint32_t at, uint32_t kind);
void fake_bar(struct fake_function *function, uint32_t number, uint64_t base, uint64_t bytes,
              uint32_t low_bits);
