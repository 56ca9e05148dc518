/* SPDX-License-Identifier: MIT */
/*
 * Which interrupts sources may raise (VT-d specification 3.x, 5.1 and 9.10). A message names an entry; the entry says
 * who may, and what then happens. Messages in the old form, which say it themselves, are blocked (5.1.4).
 */
#include "arch/iommu.h"
#include "arch_private.h"
#include "offsets.h"
#include "vtd.h"

#define ENTRY_PRESENT 1ull
#define ENTRY_IS_NO_FAULT (1ull << 1) /* that it is not present */
#define ENTRY_LEVEL (1ull << 4)
#define ENTRY_VECTOR_SHIFT 16u
#define ENTRY_TARGET_SHIFT 32u
#define ENTRY_TARGET_8_BITS 8u           /* without x2APIC the number stands this much higher */
#define ENTRY_VERIFY_SOURCE (1ull << 18) /* all 16 bits of it */

/* Both words count: without the first, nothing of the second is looked at. */
static void entry_set(uint32_t number, uint64_t low, uint64_t high)
{
    uint64_t *entry = vtd.interrupts + 2 * (uint64_t)number;

    entry[0] = 0;
    arch_iommu_publish(entry, 16);
    entry[1] = high;
    arch_iommu_publish(entry, 16);
    entry[0] = low;
    arch_iommu_publish(entry, 16);
    vtd_invalidate_interrupts();
}

void irte_set(const struct irte *irte)
{
    uint64_t target = vtd.is_x2apic ? irte->target : irte->target << ENTRY_TARGET_8_BITS;

    entry_set(irte->vector,
              ENTRY_PRESENT | (irte->level ? ENTRY_LEVEL : 0) |
                  (uint64_t)(VECTOR_DEVICES + irte->vector) << ENTRY_VECTOR_SHIFT |
                  target << ENTRY_TARGET_SHIFT,
              ENTRY_VERIFY_SOURCE | irte->source);
}

void irte_mask(uint32_t vector, bool masked)
{
    uint64_t *entry = vtd.interrupts + 2 * (uint64_t)vector;

    entry[0] = masked ? (entry[0] & ~ENTRY_PRESENT) | ENTRY_IS_NO_FAULT
                      : (entry[0] & ~ENTRY_IS_NO_FAULT) | ENTRY_PRESENT;
    arch_iommu_publish(entry, 16);
    vtd_invalidate_interrupts();
}

void irte_clear(uint32_t vector)
{
    entry_set(vector, 0, 0);
}
