/* SPDX-License-Identifier: MIT */
/* What the files about DMA remapping (VT-d specification 3.x) tell each other. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/types.h"
#include "core/dmar.h"

#define VTD_CONTEXT_TABLES 32u

struct vtd_unit {
    volatile uint8_t *registers;
    uint64_t *queue;         /* of invalidations, VTD_QUEUE_ENTRIES of two words */
    uint32_t tail;           /* the next entry to fill */
    volatile uint32_t *done; /* the unit writes the last ticket here that it has worked off */
    uint32_t ticket;
    uint32_t fault_offset; /* of the first record, in registers */
    uint32_t fault_count;
    bool is_foreign; /* of another segment: blocks all, and is not listened to */
};

/*
 * Invariant: an entry of the root table is present exactly if one of the context tables has that bus.
 */
struct vtd {
    const struct dmar_facts *dmar;
    uint32_t unit_count;
    struct vtd_unit units[DMAR_UNITS_MAX];
    bool is_coherent;
    bool is_deaf;
    bool is_x2apic; /* interrupts are remapped to 32-bit ids */
    bool remaps_interrupts;

    uint64_t *root;       /* 256 entries of two words */
    uint64_t *interrupts; /* 256 entries of two words */
    struct vtd_context_table {
        uint64_t *entries; /* 256 of two words, by device and function */
        uint32_t bus;
        uint32_t used;     /* entries that are not 0; 0: the table is in no use */
        uint32_t attached; /* of these; the others only mute */
    } contexts[VTD_CONTEXT_TABLES];
};

extern struct vtd vtd;

#define VTD_QUEUE_TAIL 0x88u /* the register: chapter 11 */
#define VTD_QUEUE_ENTRIES 256u
#define VTD_ANSWER_NS 1000000000ull /* a unit that takes longer is broken */

/** Panics if one of the units does not answer within a second. */
void vtd_invalidate(uint64_t low, uint64_t high);
void vtd_invalidate_contexts(void);
void vtd_invalidate_interrupts(void);
