/* SPDX-License-Identifier: MIT */
/*
 * What every driver of a device does: finds what the warden gave it (docs/supervision.md, "Devices"), maps
 * registers, shares memory with the device, takes interrupts. Nothing here waits, but for the PCI server's
 * answer when configuration space is read. For a program's first thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"
#include "pci/pci.h"
#include "pith/program_info.h"

struct driver_bar {
    user_addr_t at; /* 0: not mapped */
    uint64_t bytes;
};

struct driver {
    pci_id_t id;
    cap_addr_t pci;
    cap_addr_t ports;
    uint32_t ports_first;
    cap_addr_t io_space;   /* 0: the system trusts the device with all memory */
    uint64_t next_address; /* of the io_space; addresses are never used twice */
    struct driver_bar bars[PCI_BARS];
    cap_addr_t bits[PROGRAM_IRQS_MAX]; /* that interrupts signal */
};

/* Memory that the device reaches: `at` is here what `address` is there. */
struct driver_memory {
    void *at;
    uint64_t address;
    uint64_t bytes;
    cap_addr_t frame;
    cap_addr_t shared; /* copy of frame, attached to the io_space; 0: there is no io_space */
};

/** driver_open() - find the device. Errors: ERR_NO_ENTRY  the program was given none. */
MUST_CHECK err_t driver_open(struct driver *driver);

/**
 * driver_ports_open() - instead, for an old device: find its I/O ports.
 * Errors: ERR_NO_ENTRY  the program was given none.
 */
MUST_CHECK err_t driver_ports_open(struct driver *driver);

/** driver_port_read(), driver_port_write() - a byte of the n-th port. What is not the program's reads as 0xff. */
uint8_t driver_port_read(const struct driver *driver, uint32_t number);
void driver_port_write(const struct driver *driver, uint32_t number, uint8_t value);

/** driver_config_read() - a pci_reader_t; @driver is a struct driver. Errors: those of pci.read. */
MUST_CHECK err_t driver_config_read(void *driver, uint32_t offset, uint32_t width, uint32_t *value);

/**
 * driver_bar_map() - map a memory range of the device, once. Gives it again if it is mapped.
 * Errors: ERR_NO_ENTRY  there is none of that number. Those of region_map().
 */
MUST_CHECK err_t driver_bar_map(struct driver *driver, uint32_t number, struct driver_bar *bar);

/**
 * driver_memory_create() - new memory for both, zeroed; rounded up to pages.
 * Errors: those of region_create() and driver_memory_share().
 */
MUST_CHECK err_t driver_memory_create(struct driver *driver, uint64_t bytes,
                                      struct driver_memory *memory);

/**
 * driver_memory_share() - let the device reach a frame of 4 KiB pages from page @first on; for data of clients.
 * @memory->at is the caller's affair. The device reaches it until the driver ends.
 * Errors: ERR_RANGE      there is no such page.
 *         ERR_NO_MEMORY  no page table or address is left. Those of io_space.map.
 */
MUST_CHECK err_t driver_memory_share(struct driver *driver, cap_addr_t frame, uint32_t first,
                                     struct driver_memory *memory);

/**
 * driver_irq_start() - interrupt @number signals bit EVENT_IRQ_FIRST + number from now on, and is entry number
 * of the device's MSI-X table.
 * Errors: ERR_NO_ENTRY  the program has no such interrupt, or the device no such entry.
 *         ERR_RANGE     the device says its table is where it cannot be.
 */
MUST_CHECK err_t driver_irq_start(struct driver *driver, uint32_t number);

/**
 * driver_irq_listen() - the same for an interrupt of which the device need not be told: the line of an old device. It comes
 * by edge: acknowledge it before looking what it was for, and look until the device says that nothing is left.
 * Errors: ERR_NO_ENTRY  the program has no such interrupt. Those of irq.bind.
 */
MUST_CHECK err_t driver_irq_listen(struct driver *driver, uint32_t number);

/** driver_irq_ack() - it was handled, and may come again. */
void driver_irq_ack(struct driver *driver, uint32_t number);

/* The bit of an interrupt in the program's notification. */
#define DRIVER_IRQ_BIT(number) (1ull << (EVENT_IRQ_FIRST + (number)))
