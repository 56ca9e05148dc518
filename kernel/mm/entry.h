/* SPDX-License-Identifier: MIT */
/* Entries of page tables, of programs' and devices' spaces alike. */
#pragma once

#include "arch/arch.h"
#include "arch/iommu.h"
#include "object/vspace.h"

static inline bool entry_is_present(bool is_io, uint64_t entry)
{
    return is_io ? io_pte_is_present(entry) : pte_is_present(entry);
}

static inline bool entry_is_table(bool is_io, uint64_t entry, uint32_t level)
{
    return is_io ? io_pte_is_table(entry, level) : pte_is_table(entry, level);
}

static inline phys_t entry_phys(bool is_io, uint64_t entry)
{
    return is_io ? io_pte_phys(entry) : pte_phys(entry);
}

static inline void entry_set(const struct vspace *space, uint64_t *entry, uint64_t value)
{
    *entry = value;
    if (space->is_io) {
        arch_iommu_publish(entry, sizeof(*entry));
    }
}

/* One that leads to a table, or no longer does: a program's root has a second copy. */
static inline void entry_link(const struct vspace *space, uint64_t *entry, uint32_t level,
                              uint64_t value)
{
    entry_set(space, entry, value);
    if (level == PTE_ROOT_LEVEL && !space->is_io) {
        entry[PTE_PER_TABLE] = value;
    }
}
