/* SPDX-License-Identifier: MIT */
/*
 * The functions on a PCI bus, by reading and writing configuration space through whoever can. Nothing a
 * device says is believed without bounds: lists of capabilities end after as many steps as fit, bridges
 * lead only to buses that were not seen, and all that is refused is counted.
 *
 * A scan only reads, so that it disturbs no device in use: a program that dies can be started again and scan
 * once more. Sizes of memory ranges need writing, and are found when they are asked for.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"

#define PCI_FUNCTIONS_MAX 256u
#define PCI_BARS 6u
#define PCI_BUSES_MAX 256u
#define PCI_CONFIG_BYTES 4096u

/* Requester id: bus << 8 | device << 3 | function. */
typedef uint32_t pci_id_t;

/* How configuration space is reached. width: 1, 2 or 4; offset is aligned to it. */
struct pci_access {
    uint32_t (*read)(void *context, pci_id_t id, uint32_t offset, uint32_t width);
    void (*write)(void *context, pci_id_t id, uint32_t offset, uint32_t width, uint32_t value);
    void (*wait)(void *context, ns_t ns);
    void *context;
    uint32_t buses; /* that can be reached: 0 .. buses - 1 */
};

enum pci_bar_flags {
    PCI_BAR_FLAG_PREFETCHABLE = 1,
    PCI_BAR_FLAG_64_BITS = 2,
    PCI_BAR_FLAG_PORTS = 4,
};

struct pci_bar {
    uint64_t base;
    uint64_t bytes; /* 0: there is none */
    uint32_t flags; /* enum pci_bar_flags */
};

struct pci_function {
    pci_id_t id;
    uint32_t vendor;
    uint32_t device;
    uint32_t class; /* base class << 16 | subclass << 8 | interface */
    uint32_t header;

    /* Offsets of capabilities; 0: it has none. */
    uint32_t power, express, advanced, msix;
    uint32_t virtio_common, virtio_window;
    uint32_t vectors; /* of MSI-X */

    /* As found by the scan, to be put back after a reset. */
    uint32_t found_bars[PCI_BARS];
    uint32_t found_msix;
    uint32_t found_line;
};

struct pci_bus {
    struct pci_access access;
    uint32_t count;
    uint32_t bad_lists;   /* capabilities that loop or lie outside */
    uint32_t bad_bridges; /* bridges to buses that are outside or were there already */
    uint32_t left_out;    /* functions for which there was no room */
    struct pci_function functions[PCI_FUNCTIONS_MAX];
};

/** pci_bus_scan() - find all functions, on bus 0 and behind bridges. Reads only. They are in order of ids. */
void pci_bus_scan(struct pci_bus *pci, const struct pci_access *access);

/** pci_bus_find() - the function with that id; NULL: there is none. */
const struct pci_function *pci_bus_find(const struct pci_bus *pci, pci_id_t id);

/**
 * pci_bus_bar() - size a memory range. Its function does not answer there for a moment.
 * A second half of 64 bits, and what a bridge or another header has not, has 0 bytes.
 */
struct pci_bar pci_bus_bar(const struct pci_bus *pci, const struct pci_function *function,
                           uint32_t number);

/** pci_bus_enable() - memory ranges on; with @master also DMA, and MSI-X on and lines off. */
void pci_bus_enable(const struct pci_bus *pci, const struct pci_function *function, bool master);

/**
 * pci_bus_disable() - DMA off; waits until nothing is pending.
 * Errors: ERR_TIMED_OUT  something still is, after 4 ms.
 */
MUST_CHECK err_t pci_bus_disable(const struct pci_bus *pci, const struct pci_function *function);

enum pci_reset_way { PCI_RESET_VIRTIO = 1, PCI_RESET_FUNCTION = 2, PCI_RESET_POWER = 3 };

/**
 * pci_bus_reset() - reset a function in the mildest way that works, and put back what the scan found.
 * DMA is off before and stays off.
 * Errors: ERR_IO  no way worked.
 * Blocks: as long as the access waits; at most 150 ms.
 */
MUST_CHECK err_t pci_bus_reset(const struct pci_bus *pci, const struct pci_function *function,
                               enum pci_reset_way *how);

/* Reads 1, 2 or 4 bytes of one function's configuration space. */
typedef err_t (*pci_reader_t)(void *context, uint32_t offset, uint32_t width, uint32_t *value);

/* A walk along the list of capabilities; begin with read and context alone. */
struct pci_list {
    pci_reader_t read;
    void *context;
    uint32_t steps; /* taken */
    uint32_t at;    /* 0: not begun, or at its end */
    uint32_t kind;  /* of the capability at `at` */
};

/**
 * pci_capability_next() - go to the next capability; at is 0 after the last.
 * Errors: ERR_RANGE  the list loops or leaves its place. Those of read().
 */
MUST_CHECK err_t pci_capability_next(struct pci_list *list);
