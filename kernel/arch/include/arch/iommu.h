/* SPDX-License-Identifier: MIT */
/*
 * What the kernel's core asks of the DMA remapping units of a machine, taken together as one. A source is a
 * device's number on its bus; it is in one domain, a number from 1 on, or in none, and then reaches nothing.
 * Changes of tables count for devices from arch_iommu_flush() on, which waits until that is so.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abi/errors.h"
#include "abi/types.h"
#include "arch_impl/io_pte.h"

/*
 * What all units have in common; fixed before the first program. Without bits there is no unit, and nothing below may be called but
 * publish. Units that cache absence may remember that something was absent: then new mappings need a flush, too.
 */
struct arch_iommu {
    uint32_t bits;       /* width of addresses */
    uint32_t root_level; /* of a domain's tables */
    uint32_t domains;    /* are numbered from 1 to one less than this */
    uint32_t page_class_max;
    bool caches_absence;
};
extern struct arch_iommu arch_iommu;

bool arch_iommu_covers(uint32_t source);
/** The domain of a source; 0: none. */
uint32_t arch_iommu_domain_of(uint32_t source);
/** Puts a source that is in none into a domain, unmuted. May forget which sources without one are muted. Errors: NO_MEMORY (too many buses). */
MUST_CHECK err_t arch_iommu_attach(uint32_t source, uint32_t domain, phys_t root);
/** Takes a source out of its domain; flushed. */
void arch_iommu_detach(uint32_t source);
/** Faults of a source are not recorded, or are again; false if there is no room to note that. */
bool arch_iommu_mute(uint32_t source, bool is_muted);
/** Does not report faults by interrupts until told otherwise. */
void arch_iommu_deafen(bool is_deaf);

/** The kernel has written these bytes of tables: let the units see them. Cost: linear in bytes. */
void arch_iommu_publish(const void *start, uint64_t size_bytes);
/** Whatever is remembered of a domain's tables is forgotten. */
void arch_iommu_flush(uint32_t domain);

struct arch_dma_fault {
    uint32_t source;
    uint32_t reason; /* as io_space.fault gives it */
    uint64_t address;
    bool is_message; /* about an interrupt: to mute the source does not end those */
};
/** The next recorded fault, if there is one; it is not recorded any more. Counts on `lost` if a unit had no room to record more. */
bool arch_iommu_fault_take(struct arch_dma_fault *fault, uint32_t *lost);
/** Interrupts this core as if more were recorded, as soon as it takes interrupts. */
void arch_iommu_faults_again(void);
