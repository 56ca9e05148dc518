/* SPDX-License-Identifier: MIT */
/* Reads the firmware's table of DMA remapping units (ACPI table DMAR: VT-d specification, chapter 8). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/types.h"

#define DMAR_UNITS_MAX 8u
#define DMAR_IOAPICS_MAX 8u
#define DMAR_RESERVED_MAX 16u
#define DMAR_SCOPES_MAX 128u
#define DMAR_NO_SOURCE UINT32_MAX

struct dmar_facts {
    uint32_t unit_count;
    struct dmar_unit {
        phys_t base;
        uint32_t segment;
    } units[DMAR_UNITS_MAX];
    bool covers_all; /* a unit of segment 0 takes whatever the others do not */
    /* Without that: the devices, and the bridges with all behind them, that units of segment 0 take. */
    uint32_t scope_count;
    struct {
        uint16_t source;
        bool is_bridge;
    } scopes[DMAR_SCOPES_MAX];
    bool may_remap_interrupts;
    bool forbids_x2apic;

    /* By which number an IOAPIC is known as a source of interrupts. */
    uint32_t ioapic_count;
    struct {
        uint32_t id;
        uint32_t source; /* DMAR_NO_SOURCE: behind bridges, which this does not follow */
    } ioapics[DMAR_IOAPICS_MAX];

    /* Memory that the firmware wants devices to reach: they do not get it. */
    uint32_t reserved_count;
    struct {
        phys_t base;
        phys_t limit;
    } reserved[DMAR_RESERVED_MAX];

    const char *wrong; /* why no unit can be used; NULL: nothing is wrong */
};

/** Reads a table of `length` bytes whose checksum holds. Believes no length in it beyond what contains it. */
void dmar_read(const uint8_t *table, uint32_t length, struct dmar_facts *facts);
